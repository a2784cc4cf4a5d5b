package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// fakeJournal counts term checks, and lets a test delay or fail commits.
type fakeJournal struct {
	*workertest.Redis

	mu     sync.Mutex
	checks int
	commit func(batch []worker.Write) error // called before each; an error fails it
}

func (w *fakeJournal) Commit(ctx context.Context, batch []worker.Write) error {
	w.mu.Lock()
	if len(batch) == 0 {
		w.checks++
	}
	commit := w.commit
	w.mu.Unlock()
	if commit != nil {
		if err := commit(batch); err != nil {
			return err
		}
	}
	return w.Redis.Commit(ctx, batch)
}

func (w *fakeJournal) termChecks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.checks
}

func (w *fakeJournal) onCommit(commit func([]worker.Write) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commit = commit
}

// terms are the Managers of one process, one after the other.
type terms struct {
	harness

	journal *fakeJournal
	manager *worker.Manager
}

func newTerms() *terms {
	m := &terms{harness: harness{redis: workertest.NewRedis(), cluster: workertest.NewCluster()}}
	m.journal = &fakeJournal{Redis: m.redis}
	return m
}

// startNext starts a term with the carryover of the previous one.
func (m *terms) startNext(t *testing.T, r worker.Carryover) {
	t.Helper()
	take, stop := context.WithCancel(t.Context())
	m.stop, m.done = stop, make(chan error, 1)
	m.manager = worker.NewManager(ports(m.redis, m.journal, m.cluster), settings(), r, slog.New(slog.DiscardHandler))
	go func() { m.done <- m.manager.Run(take, t.Context()) }()
}

// waitForEnd waits for the end of the term and returns its carryover.
func (m *terms) waitForEnd(t *testing.T, want error) worker.Carryover {
	t.Helper()
	time.Sleep(10 * time.Second)
	select {
	case err := <-m.done:
		if !errors.Is(err, want) {
			t.Fatalf("the term ended with %v, want %v", err, want)
		}
	default:
		t.Fatal("the term did not end")
	}
	m.stop()
	return m.manager.Carryover()
}

// runTerms runs one term after the other for that long, as the daemon does.
func (m *terms) runTerms(t *testing.T, r worker.Carryover, d time.Duration) {
	t.Helper()
	over := time.After(d)
	for {
		m.startNext(t, r)
		select {
		case err := <-m.done:
			if err == nil {
				t.Fatal("a term ended without an error before it was stopped")
			}
			m.stop()
			r = m.manager.Carryover()
		case <-over:
			m.stopTerm(t)
			return
		}
	}
}

// wantOneOutcomeEach fails unless each event has one succeeded worker and is closed.
func (m *terms) wantOneOutcomeEach(t *testing.T, ids ...event.ID) {
	t.Helper()
	for _, id := range ids {
		got := m.kinds(id)
		want := map[string]int{"workersucceeded": 1, "closed": 1}
		if diff := cmp.Diff(want, map[string]int{"workersucceeded": got["workersucceeded"], "closed": got["closed"]}); diff != "" {
			t.Errorf("event %v (-want +got):\n%s", id, diff)
		}
	}
}
