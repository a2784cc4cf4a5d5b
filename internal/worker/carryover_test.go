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
