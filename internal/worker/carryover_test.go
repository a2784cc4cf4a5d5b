package worker_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// exceedCapacity lets a term accept more events than there is capacity for, and empties Redis during it. Its carryover takes
// two batches to rewrite.
func exceedCapacity(t *testing.T, m *terms) (worker.Carryover, []event.ID) {
	t.Helper()
	var ids []event.ID
	for i := range 150 {
		ids = append(ids, event.ID{Ms: uint64(i + 1)})
		m.redis.Add(ids[i], "type", "scale_up", "pod_count", "1", "task_id", fmt.Sprint("task-", i))
	}
	m.startNext(t, worker.Carryover{})
	time.Sleep(5 * time.Second)
	if got := m.cluster.Pods(); got != settings().MaxWorkers {
		t.Fatalf("%d Pods, want MaxWorkers %d", got, settings().MaxWorkers)
	}
	m.redis.Flush()
	r := m.waitForEnd(t, worker.ErrTermOver)
	if records := slices.Collect(r.Records()); len(records) != len(ids) || r.LastAccepted != ids[len(ids)-1] {
		t.Fatalf("the carryover has %d records and the last accepted ID %v", len(records), r.LastAccepted)
	}
	return r, ids
}

// TestCarryover: Redis is emptied during a term, and later terms fail at every stage of rewriting the records. The carryover
// is passed on, and each worker runs once.
func TestCarryover(t *testing.T) {
	down := errors.New("redis is down")
	for name, fail := range map[string]func(*testing.T, *terms, worker.Carryover) worker.Carryover{
		"at once": func(_ *testing.T, _ *terms, r worker.Carryover) worker.Carryover { return r },
		"a term that never began": func(t *testing.T, m *terms, r worker.Carryover) worker.Carryover {
			m.redis.Fail(down)
			m.startNext(t, r)
			r = m.waitForEnd(t, down)
			m.redis.Fail(nil)
			return r
		},
		"a term that wrote half of them": func(t *testing.T, m *terms, r worker.Carryover) worker.Carryover {
			commits := 0
			m.journal.onCommit(func([]worker.Write) error {
				if commits++; commits > 1 {
					return down
				}
				return nil
			})
			m.startNext(t, r)
			r = m.waitForEnd(t, down)
			m.journal.onCommit(nil)
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTerms()
				m.cluster.RunTime = 30 * time.Second
				r, ids := exceedCapacity(t, m)
				m.runTerms(t, fail(t, m, r), 30*time.Minute)
				m.wantOneOutcomeEach(t, ids...)
				if posts := len(m.cluster.Posts()); posts != len(ids) {
					t.Errorf("%d Pods were created, want %d", posts, len(ids))
				}
			})
		})
	}
}

// TestCarryoverVouches: Redis is emptied during a term. Once the carryover is written, the records are as complete as before;
// as long as half of it is missing, all records until now may be lost.
func TestCarryoverVouches(t *testing.T) {
	before, running := event.ID{Ms: 1}, event.ID{Ms: 2}
	for name, whole := range map[string]bool{"the whole carryover is written": true, "but for the last write": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTerms()
				m.redis.Add(before, "type", "nonsense")
				m.startNext(t, worker.Carryover{})
				time.Sleep(time.Second)
				m.redis.Add(running, "type", "scale_up", "pod_count", "1")
				time.Sleep(time.Second)
				m.redis.Flush()
				m.redis.Add(event.ID{Ms: 3}, "type", "nonsense")
				r := m.waitForEnd(t, worker.ErrTermOver)
				down := errors.New("redis is down")
				m.journal.onCommit(func(batch []worker.Write) error {
					if whole || len(batch) == 0 {
						return nil
					}
					if _, last := batch[len(batch)-1].(worker.Complete); last {
						return down
					}
					return nil
				})
				m.startNext(t, r)
				if time.Sleep(time.Second); whole {
					m.stopTerm(t)
				} else {
					m.waitForEnd(t, down)
				}
				start, err := m.redis.Journal().Begin(t.Context())
				if complete := start.CompleteSince == before; err != nil || complete != whole || start.CompleteSince.Compare(running) < 0 != whole {
					t.Errorf("the next process starts with %+v, %v", start, err)
				}
			})
		})
	}
}

// TestManagerExpiredRecord: no process runs for longer than the record of a closed event is kept, and its Pod is still there.
func TestManagerExpiredRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		m.redis.Add(event.ID{Ms: 1}, "type", "nonsense")
		m.startNext(t, worker.Carryover{})
		time.Sleep(time.Second)
		id := event.ID{Ms: 2}
		m.redis.Add(id, "type", "scale_up", "pod_count", "1")
		time.Sleep(time.Second)
		m.cluster.Finish("otto-agent-1-2-0", 7)
		time.Sleep(time.Second)
		m.stopTerm(t)
		m.redis.Forget(id)
		time.Sleep(48 * time.Hour)
		m.startNext(t, worker.Carryover{})
		time.Sleep(time.Minute)
		m.stopTerm(t)
		if got := m.kinds(id); got["workerfailed"] != 1 || got["closed"] != 1 || m.cluster.Pods() != 0 {
			t.Errorf("status %v, %d Pods left, want one outcome, and no Pod", got, m.cluster.Pods())
		}
	})
}

// TestManagerRebuildsLostRecords: Redis lost its data between terms, and the annotation of one Pod was edited. The event with
// a valid annotation is rebuilt and ends, the other Pod stays untouched, and new events are handled.
func TestManagerRebuildsLostRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTerms()
		good, bad, after := event.ID{Ms: 1}, event.ID{Ms: 2}, event.ID{Ms: 3}
		for _, id := range []event.ID{good, bad} {
			m.redis.Add(id, "type", "scale_up", "pod_count", "1", "task_id", "t")
		}
		m.startNext(t, worker.Carryover{})
		time.Sleep(time.Second)
		m.stopTerm(t)
		m.redis.Flush()
		goodPod, badPod := "otto-agent-1-1-0", "otto-agent-1-2-0"
		m.cluster.Annotate(badPod, &event.Event{
			EventID: bad, Type: event.ScaleUp, PodCount: 1 << 40, Metadata: map[string]string{"task_id": "\x1b[2J"},
		})
		m.redis.Add(after, "type", "scale_up", "pod_count", "1")
		m.runTerms(t, worker.Carryover{}, 10*time.Minute)
		m.cluster.Finish(goodPod, 0)
		m.cluster.Finish("otto-agent-1-3-0", 0)
		m.runTerms(t, worker.Carryover{}, time.Hour)
		m.wantOneOutcomeEach(t, good, after)
		if posts := m.cluster.Posts(); len(posts) != 3 {
			t.Errorf("POSTs %v, want one for each event", posts)
		}
		if got := m.cluster.Deletes(); len(got) != 2 || m.cluster.Pods() != 1 {
			t.Errorf("DELETEs %v and %d Pods left, want those of the two that ended, and the edited one left", got, m.cluster.Pods())
		}
	})
}
