package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// warned reports whether the core logged a code.
func warned(effects []effect, code string) bool {
	for _, e := range effects {
		l, ok := e.(logEntry)
		if ok && len(l.attrs) > 0 && l.attrs[len(l.attrs)-1] == code {
			return true
		}
	}
	return false
}

// TestPodOutlivesItsRecord: a node is lost, its Pod hangs in Terminating, and its worker is lost. The closed event's record
// expires, and a new term begins. The Pod is deleted, and its worker gets no second outcome.
func TestPodOutlivesItsRecord(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseRunning)
	m.changePod(name, "deleting")
	m.deliverWatch(9)
	m.advanceTime(time.Hour)
	if got := m.outcome(1); got.State != StateLost || got.Reason != ReasonNodeLost {
		t.Fatalf("outcome %+v, want lost", got)
	}
	m.commit(len(m.writes), false)
	m.expire(event.ID{Ms: 1000})
	m.now = m.now.Add(48 * time.Hour)
	m.beginTerm()
	out := m.core.step(m.now, found{find: m.requests[0].(find)})
	if !warned(out, "OTTO412") || len(out) != 2 || out[1] != (remove{m.pods[name].obs.Ref}) {
		t.Fatalf("%+v, want a warning and one DELETE at once", out)
	}
	if m.core.capacity() != m.set.MaxWorkers-1 {
		t.Error("it holds no capacity, and may run")
	}
	m.step(removed{remove: out[1].(remove)})
	m.writes = nil // how the queues are
	if m.advanceTime(goneTimeout); len(m.writes) != 0 || len(m.removes) != 1 {
		t.Errorf("writes %v, DELETEs %v, want no write, and the DELETE again", m.writes, m.removes)
	}
	if m.step(removed{remove: m.removes[0]}); m.core.capacity() != m.set.MaxWorkers {
		t.Error("it holds capacity for ever")
	}
}

// TestCompleteSince: an event without a record was closed if it is above the ID since which no record was lost.
func TestCompleteSince(t *testing.T) {
	id := event.ID{Ms: 1000}
	for name, c := range map[string]struct {
		complete event.ID
		lost     bool // the event is open
		deleted  bool
	}{
		"no record was ever lost":              {complete: event.ID{}, deleted: true},
		"a record of an earlier event":         {complete: event.ID{Ms: 999, Seq: 9}, deleted: true},
		"this record":                          {complete: id},
		"a record of a later event":            {complete: event.ID{Ms: 1001}},
		"open, and nobody knows of other ones": {lost: true},
	} {
		for phase, at := range map[Phase]time.Duration{PhasePending: 0, PhaseRunning: 0, PhaseSucceeded: time.Hour, PhaseFailed: time.Hour} {
			m, pod := oneCreated(t)
			m.setPhase(pod, phase)
			m.closed[id] = Counts{} // the model permits its removal
			m.records, m.complete, m.lastAccepted = map[event.ID]*Record{}, c.complete, event.ID{Ms: 2000}
			m.beginTerm()
			m.step(found{find: m.requests[0].(find), lost: c.lost})
			m.requests = nil
			if m.advanceTime(at); (len(m.removes) == 1) != c.deleted || (m.core.orphans.get(id) != nil) == c.deleted {
				t.Errorf("%s, phase %d: DELETEs %v, orphan %v", name, phase, m.removes, m.core.orphans.get(id))
			}
		}
	}
}

// TestForgottenAcceptance: Redis lost its newest writes in a failover, and with them an event whose Pod runs. Others are
// accepted, and a new term begins before it is rebuilt.
func TestForgottenAcceptance(t *testing.T) {
	for name, accepted := range map[string]bool{"nothing accepted": false, "others accepted, then a crash": true} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			m.setPhase(pod, PhaseRunning)
			m.records, m.lastAccepted, m.pending = map[event.ID]*Record{}, event.ID{Ms: 900}, map[event.ID]bool{}
			m.beginTerm()
			if len(m.writes) != 1 || m.writes[0] != (Complete{Since: event.ID{Ms: 1000}}) {
				t.Fatalf("writes %v, want one that remembers the loss, before anything is accepted", m.writes)
			}
			if accepted {
				m.add(eventtest.Fields())
				m.deliverNew(1)
				m.commit(2, true)
			}
			m.answerAll()
			if rec := m.records[event.ID{Ms: 1000}]; rec == nil || rec.Slots[0].UID != m.pods[pod].obs.Ref.UID {
				t.Errorf("the record is %+v, want one that is rebuilt from the Pod", rec)
			}
			m.setPhase(pod, PhaseSucceeded)
			if m.deliverWatch(9); m.outcome(1).State != StateSucceeded {
				t.Errorf("outcome %+v, want succeeded", m.outcome(1))
			}
		})
	}
}

// TestOpenRecordDeleted: somebody deletes the record of an open event whose Pod runs, and a new term begins. It is rebuilt;
// and should Redis lose everything before that, it is remembered as lost.
func TestOpenRecordDeleted(t *testing.T) {
	m, pod := oneCreated(t)
	m.setPhase(pod, PhaseRunning)
	delete(m.records, event.ID{Ms: 1000})
	m.beginTerm()
	if r := m.core.carryover(); r.CompleteSince != (event.ID{Ms: 1000}) {
		t.Errorf("before it is known, the carryover is complete since %v", r.CompleteSince)
	}
	m.step(found{find: m.requests[0].(find), lost: true})
	m.requests = nil
	if r := m.core.carryover(); r.CompleteSince != (event.ID{Ms: 1000}) {
		t.Errorf("the carryover is complete since %v", r.CompleteSince)
	}
	m.commit(9, false)
	m.beginTerm()
	m.answerAll()
	if rec := m.records[event.ID{Ms: 1000}]; rec == nil || m.complete != (event.ID{Ms: 1000}) {
		t.Errorf("the record is %+v, complete since %v", rec, m.complete)
	}
}

// TestUnreadableRecordIsLost: the Pod of an event with an unreadable record is left alone, also after Redis lost the record.
func TestUnreadableRecordIsLost(t *testing.T) {
	m, pod := oneCreated(t)
	m.setPhase(pod, PhaseRunning)
	delete(m.records, event.ID{Ms: 1000})
	m.beginTerm()
	m.step(found{find: m.requests[0].(find), unreadable: true})
	m.requests = nil
	m.flush()
	m.answerAll()
	if n := len(m.removes); n != 0 {
		t.Errorf("%d DELETEs", n)
	}
}

// TestCarryoverIsComplete: after a flush and the carryover it is as if no record had been lost.
func TestCarryoverIsComplete(t *testing.T) {
	m, pod := oneSucceeded(t)
	m.setPhase(pod, PhaseRunning)
	m.flush()
	if m.complete != (event.ID{}) || m.records[event.ID{Ms: 1000}] == nil {
		t.Fatalf("complete since %v, records %v", m.complete, m.records)
	}
	m.expire(event.ID{Ms: 1000})
	m.beginTerm()
	m.answerAll()
	m.runToEnd()
	m.checkEnd()
}
