package worker

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	maxBatch  = 1000            // writes committed in one MULTI
	heartbeat = 2 * time.Second // how often a term that writes nothing asks whether it still stands

	// Between the beginnings of two commits: usually, and when a create or a delete waits for a write.
	gathering = 25 * time.Millisecond
	hurry     = 5 * time.Millisecond
)

// gatherFor is how long writes still gather: the first after a pause goes at once, those of a burst go together. One by
// one, their round trips would cost us more than all decisions, and Redis a write of its file each.
func (m *Manager) gatherFor() time.Duration {
	long := gathering
	if m.waited {
		long = hurry
	}
	return max(0, long-time.Since(m.lastCommit))
}

// awaited says whether creates or deletes wait for a write.
func awaited(w Write) bool {
	switch w.(type) {
	case Accept, Select:
		return true
	}
	return false
}

// beat asks whether the term still stands. An outage is no answer: nothing was written, so nothing is unknown.
func (m *Manager) beat(ctx context.Context) {
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

// commit sends what has gathered as one batch; while one is in flight the next gathers.
func (m *Manager) commit(ctx context.Context) {
	n := min(len(m.gathered), maxBatch)
	if m.committing || n == 0 || n < maxBatch && m.gatherFor() > 0 {
		return
	}
	batch := m.gathered[:n:n]
	m.gathered = m.gathered[n:]
	m.committing, m.waited, m.lastCommit = true, len(m.gathered) > 0 && m.waited, time.Now()
	m.group.Go(func() {
		if err := m.journal.Commit(ctx, batch); err != nil {
			m.fail(fmt.Errorf("writing records: %w", err))
			return
		}
		for _, w := range batch {
			tell(ctx, m.log, w)
		}
		m.reply(ctx, written{n})
	})
}
