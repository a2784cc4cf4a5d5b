package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// A term with nothing to write, and what one leaves to the next.

// watched is a journal that counts heartbeats, and lets a test hold or fail commits.
type watched struct {
	*workertest.Redis

	mu     sync.Mutex
	beats  int
	commit func(batch []worker.Write) error // asked before; nil: go on
}

func (w *watched) Commit(ctx context.Context, batch []worker.Write) error {
	w.mu.Lock()
	if len(batch) == 0 {
		w.beats++
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

func (w *watched) beaten() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beats
}

func (w *watched) on(commit func([]worker.Write) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commit = commit
}

// terms are Managers one after the other in one process.
type terms struct {
	bench

	journal *watched
	manager *worker.Manager
}

func newTerms() *terms {
	m := &terms{bench: bench{redis: workertest.NewRedis(), cluster: workertest.NewCluster()}}
	m.journal = &watched{Redis: m.redis}
	return m
}

// next begins a term with what the one before has left.
func (m *terms) next(t *testing.T, r worker.Carryover) {
	t.Helper()
	take, stop := context.WithCancel(t.Context())
	m.stop, m.done = stop, make(chan error, 1)
	m.manager = worker.NewManager(m.redis.Source(), m.journal, m.cluster, settings(), r, slog.New(slog.DiscardHandler))
	go func() { m.done <- m.manager.Run(take, t.Context()) }()
}

// over waits for the term's end and returns what it leaves.
func (m *terms) over(t *testing.T, want error) worker.Carryover {
	t.Helper()
	time.Sleep(10 * time.Second)
	select {
	case err := <-m.done:
		if !errors.Is(err, want) {
			t.Fatalf("the term ended with %v, want %v", err, want)
		}
	default:
		t.Fatal("the term goes on")
	}
	m.stop()
	return m.manager.Carryover()
}

// live runs one term after the other, as the process does, for so long.
func (m *terms) live(t *testing.T, r worker.Carryover, d time.Duration) {
	t.Helper()
	over := time.After(d)
	for {
		m.next(t, r)
		select {
		case err := <-m.done:
			if err == nil {
				t.Fatal("a term ended that nobody had stopped")
			}
			m.stop()
			r = m.manager.Carryover()
		case <-over:
			m.end(t)
			return
		}
	}
}

// TestHeartbeat: a term that writes nothing asks whether it still stands, and ends when it does not.
func TestHeartbeat(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *workertest.Redis){
		"another term": func(t *testing.T, r *workertest.Redis) {
			if _, _, err := r.Journal().Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"Redis emptied": func(_ *testing.T, r *workertest.Redis) { r.Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTerms()
				m.next(t, worker.Carryover{})
				time.Sleep(time.Minute + time.Second)
				if got := m.journal.beaten(); got != 30 {
					t.Errorf("%d heartbeats in a minute, want 30", got)
				}
				end(t, m.redis)
				m.over(t, worker.ErrTermOver)
			})
		})
	}
}

// TestHeartbeatThroughAnOutage: no answer is no end, since nothing was written.
func TestHeartbeatThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		m.cluster.RunTime = time.Second
		m.next(t, worker.Carryover{})
		time.Sleep(time.Second)
		m.redis.Fail(errors.New("redis is down"))
		time.Sleep(time.Hour)
		m.redis.Fail(nil)
		m.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		time.Sleep(time.Minute)
		if got := m.kinds(event.ID{Ms: 1}); got["closed"] != 1 {
			t.Errorf("in the same term after the outage: %v", got)
		}
		m.end(t)
	})
}

// TestHeartbeatHoldsNothingUp: what gathers while one is in flight is written right after it.
func TestHeartbeatHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		answer := make(chan struct{})
		m.journal.on(func(batch []worker.Write) error {
			if len(batch) == 0 {
				<-answer
			}
			return nil
		})
		m.next(t, worker.Carryover{})
		time.Sleep(3 * time.Second)
		m.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		time.Sleep(3 * time.Second)
		if got := m.kinds(event.ID{Ms: 1}); len(got) != 0 {
			t.Fatalf("two commits in flight at once: %v", got)
		}
		answer <- struct{}{}
		synctest.Wait()
		if got := m.kinds(event.ID{Ms: 1}); got["accepted"] != 1 {
			t.Errorf("right after the heartbeat: %v", got)
		}
		close(answer)
		m.end(t)
	})
}

// fill lets a term take in more events than there is room for, and empties Redis under it. What it leaves takes two
// batches to write anew.
func fill(t *testing.T, m *terms) (worker.Carryover, []event.ID) {
	t.Helper()
	var ids []event.ID
	for i := range 150 {
		ids = append(ids, event.ID{Ms: uint64(i + 1)})
		m.redis.Add(ids[i], "type", "scale_up", "pod_count", "1", "task_id", fmt.Sprint("task-", i))
	}
	m.next(t, worker.Carryover{})
	time.Sleep(5 * time.Second)
	if got := m.cluster.Pods(); got != settings().MaxWorkers {
		t.Fatalf("%d Pods, want a full house of %d", got, settings().MaxWorkers)
	}
	m.redis.Flush()
	r := m.over(t, worker.ErrTermOver)
	if len(r.Records) != len(ids) || r.LastAccepted != ids[len(ids)-1] {
		t.Fatalf("it leaves %d records and the mark %v", len(r.Records), r.LastAccepted)
	}
	return r, ids
}

// once wants one outcome of each, and its end.
func (m *terms) once(t *testing.T, ids ...event.ID) {
	t.Helper()
	for _, id := range ids {
		got := m.kinds(id)
		want := map[string]int{"workersucceeded": 1, "closed": 1}
		if diff := cmp.Diff(want, map[string]int{"workersucceeded": got["workersucceeded"], "closed": got["closed"]}); diff != "" {
			t.Errorf("event %v (-want +got):\n%s", id, diff)
		}
	}
}

// TestCarryover: Redis is emptied under a term, and terms fail at every place before the records stand again. What the first
// one knew is passed on, and each worker runs once.
func TestCarryover(t *testing.T) {
	down := errors.New("redis is down")
	for name, fail := range map[string]func(*testing.T, *terms, worker.Carryover) worker.Carryover{
		"at once": func(_ *testing.T, _ *terms, r worker.Carryover) worker.Carryover { return r },
		"a term that never began": func(t *testing.T, m *terms, r worker.Carryover) worker.Carryover {
			m.redis.Fail(down)
			m.next(t, r)
			r = m.over(t, down)
			m.redis.Fail(nil)
			return r
		},
		"a term that wrote half of them": func(t *testing.T, m *terms, r worker.Carryover) worker.Carryover {
			commits := 0
			m.journal.on(func([]worker.Write) error {
				if commits++; commits > 1 {
					return down
				}
				return nil
			})
			m.next(t, r)
			r = m.over(t, down)
			m.journal.on(nil)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTerms()
				m.cluster.RunTime = 30 * time.Second
				r, ids := fill(t, m)
				m.live(t, fail(t, m, r), 30*time.Minute)
				m.once(t, ids...)
				if posts := len(m.cluster.Posts()); posts != len(ids) {
					t.Errorf("%d Pods were made, want %d", posts, len(ids))
				}
			})
		})
	}
}

// TestAdoptionByTheManager: Redis was emptied while nobody was there, and somebody wrote on the Pods. Whose annotation may
// be an event's is adopted and ends; the other's Pod runs on, untouched; and whatever comes next is done.
func TestAdoptionByTheManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		good, bad, after := event.ID{Ms: 1}, event.ID{Ms: 2}, event.ID{Ms: 3}
		for _, id := range []event.ID{good, bad} {
			m.redis.Add(id, "type", "scale_up", "pod_count", "1", "task_id", "t")
		}
		m.next(t, worker.Carryover{})
		time.Sleep(time.Second)
		m.end(t)
		m.redis.Flush()
		goodPod, badPod := "otto-agent-1-1-0", "otto-agent-1-2-0"
		m.cluster.Annotate(badPod, &event.Event{EventID: bad, Type: event.ScaleUp, PodCount: 1 << 40, Metadata: map[string]string{"task_id": "\x1b[2J"}})
		m.redis.Add(after, "type", "scale_up", "pod_count", "1")
		m.live(t, worker.Carryover{}, 10*time.Minute)
		m.cluster.Finish(goodPod, 0)
		m.cluster.Finish("otto-agent-1-3-0", 0)
		m.live(t, worker.Carryover{}, time.Hour)
		m.once(t, good, after)
		if posts := m.cluster.Posts(); len(posts) != 3 {
			t.Errorf("POSTs %v, want one for each event", posts)
		}
		if got := m.cluster.Deletes(); len(got) != 2 || m.cluster.Pods() != 1 {
			t.Errorf("DELETEs %v and %d Pods left, want the two that ended, and the stranger left", got, m.cluster.Pods())
		}
	})
}
