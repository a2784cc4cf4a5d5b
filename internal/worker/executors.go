package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

// controlInterval is how often operators' commands are asked for.
const controlInterval = time.Second

// The goroutines that carry effects out. Each turns effects into inputs, one at a time.

// reader reads the stream until take or ctx is done, or until only a new term can read it. A batch that was read but not
// handed over stays pending in Redis and is read again by the next term.
func (m *Manager) reader(ctx, take context.Context) {
	take, cancel := context.WithCancel(take)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	for tries := 0; take.Err() == nil; {
		batch, err := m.source.Read(take)
		if errors.Is(err, ErrStreamReplaced) {
			m.fail(err)
			return
		}
		if err != nil && take.Err() == nil {
			if tries == 0 {
				errcode.Warn(m.log, errcode.StreamReadFailed, "error", err)
			}
			tries++
			retry.Sleep(take, retry.Backoff(tries, 5*time.Second))
			continue
		}
		if tries > 0 {
			m.log.Info("stream read resumed")
			tries = 0
		}
		if len(batch) == 0 {
			continue
		}
		select {
		case m.entries <- batch:
		case <-take.Done():
		}
	}
}

// startCreator starts another create executor if every one there is may be busy: how many are needed shows under load only.
func (m *Manager) startCreator(ctx context.Context) {
	if m.creators < m.state.createsInFlight && m.creators < m.state.CreateConcurrency {
		m.creators++
		m.group.Go(func() { m.createExecutor(ctx) })
	}
}

func (m *Manager) createExecutor(ctx context.Context) {
	for {
		select {
		case e := <-m.creates:
			uid, err := m.cluster.Create(ctx, e.PodSpec)
			m.reply(ctx, created{create: e, uid: uid, err: err})
		case <-ctx.Done():
			return
		}
	}
}

// controlReader asks for the commands of operators. Redis may be away: that ends no term, and no command is lost.
func (m *Manager) controlReader(ctx context.Context, last event.ID) {
	for retry.Sleep(ctx, controlInterval) {
		batch, err := m.controls.Read(ctx, last)
		if err != nil || len(batch) == 0 {
			continue
		}
		last = batch[len(batch)-1].ID
		m.reply(ctx, commands{batch})
	}
}

func (m *Manager) deleteExecutor(ctx context.Context) {
	for {
		select {
		case e := <-m.removes:
			m.reply(ctx, removed{remove: e, err: m.cluster.Delete(ctx, e.PodRef, -1)})
		case <-ctx.Done():
			return
		}
	}
}

// lookupExecutor answers checks and finds. An error of the journal ends the term, as everywhere.
func (m *Manager) lookupExecutor(ctx context.Context) {
	for {
		select {
		case e := <-m.lookups:
			m.answer(ctx, e)
		case <-ctx.Done():
			return
		}
	}
}

func (m *Manager) answer(ctx context.Context, e effect) {
	switch e := e.(type) {
	case check:
		o, err := m.cluster.Get(ctx, e.PodRef)
		m.reply(ctx, checked{check: e, pod: o, err: err})
	case find:
		rec, err := m.journal.Find(ctx, e.id)
		if errors.Is(err, ErrRecordLost) {
			m.reply(ctx, found{find: e, lost: true})
			return
		}
		if errors.Is(err, ErrUnreadable) {
			errcode.Error(m.log, errcode.RedeliveredUnreadable, "event_id", e.id.String(), "error", err)
			m.reply(ctx, found{find: e, unreadable: true})
			return
		}
		if err != nil {
			m.fail(fmt.Errorf("read the record of event %s: %w", e.id, err))
			return
		}
		m.reply(ctx, found{find: e, record: rec})
	default:
		m.fail(fmt.Errorf("no executor for %T", e))
	}
}
