package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// slowCluster takes a millisecond longer for each slot, so that the replies of a burst come one by one.
type slowCluster struct{ worker.Cluster }

func (c slowCluster) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	time.Sleep(time.Duration(p.Slot) * time.Millisecond)
	return c.Cluster.Create(ctx, p)
}

// timedJournal keeps the times of commits.
type timedJournal struct {
	worker.Journal

	mu sync.Mutex
	at []time.Time
}

func (j *timedJournal) commits() []time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.at)
}

func (j *timedJournal) Commit(ctx context.Context, batch []worker.Write) error {
	if len(batch) > 0 {
		j.mu.Lock()
		j.at = append(j.at, time.Now())
		j.mu.Unlock()
	}
	return j.Journal.Commit(ctx, batch)
}

// TestBatchDelay: the first write after a pause is committed at once, the writes of a burst together.
func TestBatchDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		redis, cluster := workertest.NewRedis(), workertest.NewCluster()
		journal := &timedJournal{Journal: redis}
		take, stop := context.WithCancel(t.Context())
		m := worker.NewManager(ports(redis, journal, slowCluster{cluster}), settings(), worker.Carryover{}, slog.New(slog.DiscardHandler))
		done := make(chan error, 1)
		go func() { done <- m.Run(take, t.Context()) }()
		time.Sleep(10 * time.Second)
		redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "20")
		synctest.Wait()
		if at := journal.commits(); len(at) != 1 || time.Since(at[0]) > 0 {
			t.Fatalf("commits at %v, now it is %v: want the event accepted at once", at, time.Now())
		}
		time.Sleep(time.Second)
		if n := len(journal.commits()); redis.Pending() != 0 || n > 3 { // 20 created workers in 20 ms
			t.Errorf("%d entries pending after %d commits", redis.Pending(), n)
		}
		redis.Add(event.ID{Ms: 2}, "type", "scale_up", "pod_count", "20")
		time.Sleep(8 * time.Millisecond)
		n := len(journal.commits())
		redis.Add(event.ID{Ms: 3}, "type", "scale_up", "pod_count", "1")
		time.Sleep(time.Millisecond)
		if got := len(journal.commits()) - n; got != 1 {
			t.Errorf("%d commits 9 ms after the one before: want one, since creates wait for the Accept", got)
		}
		time.Sleep(time.Second)
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

// TestTermCheck: a term that writes nothing checks that it is the newest, and ends when it is not.
func TestTermCheck(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *workertest.Redis){
		"another term": func(t *testing.T, r *workertest.Redis) {
			if _, err := r.Journal().Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"Redis emptied": func(_ *testing.T, r *workertest.Redis) { r.Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTerms()
				m.startNext(t, worker.Carryover{})
				time.Sleep(time.Minute + time.Second)
				if got := m.journal.termChecks(); got != 30 {
					t.Errorf("%d term checks in a minute, want 30", got)
				}
				end(t, m.redis)
				m.waitForEnd(t, worker.ErrTermOver)
			})
		})
	}
}

// TestTermSurvivesAnOutageWithoutWrites: a failed check does not end a term, since nothing was written.
func TestTermSurvivesAnOutageWithoutWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		m.cluster.RunTime = time.Second
		m.startNext(t, worker.Carryover{})
		time.Sleep(time.Second)
		m.redis.Fail(errors.New("redis is down"))
		time.Sleep(time.Hour)
		m.redis.Fail(nil)
		m.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		time.Sleep(time.Minute)
		if got := m.kinds(event.ID{Ms: 1}); got["closed"] != 1 {
			t.Errorf("in the same term after the outage: %v", got)
		}
		m.stopTerm(t)
	})
}

// TestTermCheckDelaysNoWrite: writes that arrive during a check are committed right after it.
func TestTermCheckDelaysNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		answer := make(chan struct{})
		m.journal.onCommit(func(batch []worker.Write) error {
			if len(batch) == 0 {
				<-answer
			}
			return nil
		})
		m.startNext(t, worker.Carryover{})
		time.Sleep(3 * time.Second)
		m.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		time.Sleep(3 * time.Second)
		if got := m.kinds(event.ID{Ms: 1}); len(got) != 0 {
			t.Fatalf("two commits in flight at once: %v", got)
		}
		answer <- struct{}{}
		synctest.Wait()
		if got := m.kinds(event.ID{Ms: 1}); got["accepted"] != 1 {
			t.Errorf("right after the check: %v", got)
		}
		close(answer)
		m.stopTerm(t)
	})
}
