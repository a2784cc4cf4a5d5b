package worker

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	maxBatch          = 1000            // writes committed in one MULTI
	termCheckInterval = 2 * time.Second // how often a term that writes nothing checks that it is the newest

	// Between the beginnings of two commits: usually, and when a create or a delete waits for a write.
	batchInterval  = 25 * time.Millisecond
	urgentInterval = 5 * time.Millisecond
)

// batchDelay is how long the batch still waits for further writes: the first one after a pause goes at once, those of a
// burst go together. One by one, their round trips would cost more than all decisions, and Redis a write of its file each.
func (m *Manager) batchDelay() time.Duration {
	long := batchInterval
	if m.urgent {
		long = urgentInterval
	}
	return max(0, long-time.Since(m.lastCommit))
}

// isUrgent reports whether creates or deletes wait for a write.
func isUrgent(w Write) bool {
	switch w.(type) {
	case Accept, Select:
		return true
	}
	return false
}

// checkTerm asks whether the term is still the newest. An outage is no answer: nothing was written, so nothing is unknown.
func (m *Manager) checkTerm(ctx context.Context) {
	if m.committing {
		return
	}
	m.committing = true
	m.group.Go(func() {
		if err := m.journal.Commit(ctx, nil); errors.Is(err, ErrTermOver) {
			m.fail(err)
			return
		}
		m.reply(ctx, written{0})
	})
}

// commit sends the batch; while it is in flight the next one fills.
func (m *Manager) commit(ctx context.Context) {
	n := min(len(m.batch), maxBatch)
	if m.committing || n == 0 || n < maxBatch && m.batchDelay() > 0 {
		return
	}
	batch := m.batch[:n:n]
	m.batch = m.batch[n:]
	m.committing, m.urgent, m.lastCommit = true, len(m.batch) > 0 && m.urgent, time.Now()
	m.group.Go(func() {
		if err := m.journal.Commit(ctx, batch); err != nil {
			m.fail(fmt.Errorf("write records: %w", err))
			return
		}
		for _, w := range batch {
			logWrite(ctx, m.log, w)
		}
		m.reply(ctx, written{n})
	})
}
