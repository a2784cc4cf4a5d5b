package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// restart is a term that begins with n ended Pods, each of another closed event.
type restart struct {
	t     testing.TB
	core  *state
	finds []event.ID // sent, in their order
	open  []find     // of those, not answered
	gone  int        // Pods that are deleted
	steps int
	most  int // effects of one step
}

func newRestart(t testing.TB, n int) *restart {
	t.Helper()
	set := testSettings()
	set.SucceededTTL = 0
	r := &restart{t: t, core: newState(set)}
	r.step(loaded{lastAccepted: benchID(n)})
	var pods []Observation
	for i := range n {
		pods = append(pods, benchObservation(r.core, i, PhaseSucceeded).batch...)
	}
	r.step(observed{pods, true})
	return r
}

func (r *restart) step(in input) {
	r.steps++
	effects := r.core.step(benchNow.Add(time.Hour), in)
	r.most = max(r.most, len(effects))
	var deleted []removed
	for _, e := range effects {
		switch e := e.(type) {
		case find:
			r.finds, r.open = append(r.finds, e.id), append(r.open, e)
		case remove:
			r.gone++
			deleted = append(deleted, removed{remove: e, err: ErrGone})
		default:
			r.t.Errorf("%T %+v", e, e)
		}
	}
	for _, reply := range deleted {
		r.step(reply)
	}
}

// finish answers all finds: the events are closed.
func (r *restart) finish() {
	for len(r.open) > 0 {
		f := r.open[0]
		r.open = r.open[1:]
		r.step(found{find: f, record: &Record{Event: event.Event{EventID: f.id}, Closed: true}})
	}
}

// TestRestartWithManyPods: however many Pods of closed events there are, a term asks for a bounded number of records at once,
// for each one once, in order, and does a bounded amount in each step.
func TestRestartWithManyPods(t *testing.T) {
	const n = 500
	r := newRestart(t, n)
	if len(r.open) != maxRequests {
		t.Fatalf("%d finds at first, want %d", len(r.open), maxRequests)
	}
	r.finish()
	for i, id := range r.finds {
		if id != benchID(i) {
			t.Fatalf("find %d is of %v", i, id)
		}
	}
	if len(r.finds) != n || r.gone != n || r.steps != 2+2*n || r.most > maxRequests {
		t.Errorf("%d finds, %d DELETEs, %d steps with %d effects at most", len(r.finds), r.gone, r.steps, r.most)
	}
	if c := r.core; c.requests.inFlight != 0 || c.lookups.activePods() != 0 || len(c.lookups.byEvent)+len(c.removals.byPod) != 0 {
		t.Errorf("left: %d in flight, %d active, %d lookups, %d removals", c.requests.inFlight, c.lookups.activePods(),
			len(c.lookups.byEvent), len(c.removals.byPod))
	}
}

// TestAnswerCostsTheSame: an answer takes the same work whatever the number of Pods and entries that still wait for theirs. What
// is compared are the shortest of many steps, which a busy machine does not prolong.
func TestAnswerCostsTheSame(t *testing.T) {
	shortest := func(n int) time.Duration {
		r := newRestart(t, n)
		var batch []Entry
		for i := range n {
			batch = append(batch, Entry{ID: benchID(i), Redelivered: true, Fields: benchFields()})
		}
		r.core.step(benchNow, entries{batch})
		best := time.Hour
		for len(r.open) > 0 && len(r.finds) < 1000 {
			f := r.open[0]
			r.open = r.open[1:]
			begin := time.Now()
			effects := r.core.step(benchNow, found{find: f, record: &Record{Closed: true}})
			best = min(best, time.Since(begin))
			for _, e := range effects {
				if f, ok := e.(find); ok {
					r.finds, r.open = append(r.finds, f.id), append(r.open, f)
				}
			}
		}
		return best
	}
	if few, many := shortest(2000), shortest(20_000); many > 5*few {
		t.Errorf("an answer takes %v while 2,000 wait, and %v while 20,000 do", few, many)
	}
}

// TestStopDropsRequests: after a stop the requests in flight are waited for, and no other is sent.
func TestStopDropsRequests(t *testing.T) {
	r := newRestart(t, 2*maxRequests)
	r.step(stop{})
	for !r.core.idle() {
		if len(r.open) == 0 {
			t.Fatal("it waits for a request that was never sent")
		}
		f := r.open[0]
		r.open = r.open[1:]
		r.step(found{find: f, record: &Record{Closed: true}})
	}
	if len(r.finds) != maxRequests || r.gone != 0 {
		t.Errorf("%d finds, %d DELETEs", len(r.finds), r.gone)
	}
}

// TestRelistChecksInTurn: after a relist that misses many Pods, a bounded number of checks is in flight.
func TestRelistChecksInTurn(t *testing.T) {
	set := testSettings()
	set.MaxWorkers, set.CreateConcurrency = 200, 200
	m := newModel(set, t.Fatalf)
	m.entries = append(m.entries, Entry{ID: event.ID{Ms: 1000}, Fields: eventtest.Fields("pod_count", "200")})
	m.deliverNew(1)
	m.runPending()
	m.runPending()
	names := m.podNames()
	m.step(observed{complete: true})
	for sent := range names {
		if n := len(m.requests); n > maxRequests || n == 0 {
			t.Fatalf("%d checks in flight after %d", n, sent)
		}
		m.serveRequest(0, false)
		m.deliverReply(0)
	}
	if n := m.core.snapshot().WorkersUnknown; n != len(names) || len(m.requests) != 0 { // hidden, and asked for again later
		t.Errorf("%d workers unknown of %d, %d more checks", n, len(names), len(m.requests))
	}
}
