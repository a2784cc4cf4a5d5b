package worker

import (
	"context"
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	openPage    = 500 // records read at once at the start of a term
	restorePage = 100 // records rewritten in one MULTI: each may have a thousand slots
)

// load reads what earlier terms left, the last accepted ID and every open record, page by page.
func (m *Manager) load(ctx context.Context) error {
	start, err := m.beginTerm(ctx)
	if err != nil {
		return err
	}
	paused, applied, err := m.controls.Load(ctx)
	if err != nil {
		return fmt.Errorf("read what operators paused: %w", err)
	}
	clocks, err := m.journal.Clocks(ctx)
	if err != nil {
		return fmt.Errorf("read clocks: %w", err)
	}
	events := 0
	for after := (event.ID{}); ; {
		page, err := m.journal.Open(ctx, after, openPage)
		if err != nil {
			return fmt.Errorf("read open records: %w", err)
		}
		in := loaded{
			records: page, lastAccepted: start.LastAccepted, replaced: start.Replaced, completeSince: start.CompleteSince,
			paused: paused, applied: applied, clocks: clocks,
		}
		m.dispatch(ctx, m.state.step(m.now(), in))
		events, clocks = events+len(page), nil
		if len(page) < openPage {
			break
		}
		after = page[len(page)-1].Event.EventID
	}
	m.loaded = true
	if events > 0 {
		m.log.Info("open events loaded", "events", events)
	}
	return nil
}

// beginTerm fences earlier terms off. If Redis lost its data under the last one, the open records are rewritten.
func (m *Manager) beginTerm(ctx context.Context) (TermStart, error) {
	start, err := m.journal.Begin(ctx)
	if err != nil {
		return start, err
	}
	if start.Known && !m.carryover.unfinished || m.carryover.LastAccepted.IsZero() {
		m.carryover = Carryover{} // Redis has it all: what an earlier term knew is not kept through this one
		return start, nil
	}
	m.carryover.unfinished = true
	errcode.Error(m.log, errcode.RedisDataLost)
	var batch []Write
	for rec := range m.carryover.Records() {
		batch = append(batch, Restore{Record: rec, Hash: rec.Event.Hash(), At: m.now()})
		if len(batch) < restorePage {
			continue
		}
		if err := m.journal.Commit(ctx, batch); err != nil {
			return start, err
		}
		batch = nil
	}
	for clock := range m.carryover.Clocks() {
		batch = append(batch, clock)
	}
	start.LastAccepted, start.CompleteSince = higher(start.LastAccepted, m.carryover.LastAccepted), m.carryover.CompleteSince
	batch = append(batch, Complete{Since: start.CompleteSince}) // last: until now half of them are missing
	if err := m.journal.Commit(ctx, batch); err != nil {
		return start, err
	}
	m.carryover = Carryover{}
	return start, nil
}
