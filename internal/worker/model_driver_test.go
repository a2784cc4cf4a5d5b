package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

func modelWith(t *testing.T, entries ...map[string]string) *model {
	m := newModel(testSettings(), t.Fatalf)
	for i, f := range entries {
		m.entries = append(m.entries, Entry{ID: event.ID{Ms: 1000, Seq: uint64(i)}, Fields: f})
	}
	return m
}

// modelWithPods has one accepted event of n slots whose creates were answered with the given fate.
func modelWithPods(t *testing.T, n, fate string) *model {
	m := modelWith(t, eventtest.Fields("pod_count", n))
	m.deliverNew(1)
	m.commit(1, false)
	for len(m.creates) > 0 {
		m.serveCreate(0, fate)
		m.deliverReply(0)
	}
	return m
}

// oneCreated is a model with one worker whose Pod is created and recorded; it returns the Pod's name.
func oneCreated(t *testing.T) (*model, string) {
	t.Helper()
	m := modelWithPods(t, "1", "")
	m.commit(len(m.writes), false)
	return m, m.podNames()[0]
}

// send adds an entry, delivers it, and runs what is pending.
func (m *model) send(pairs ...string) event.ID {
	id := m.add(eventtest.Fields(pairs...))
	m.deliverNew(9)
	m.runPending()
	return id
}

// runPending commits, creates and delivers whatever is pending, once.
func (m *model) runPending() {
	m.commit(len(m.writes), false)
	for len(m.creates) > 0 {
		m.serveCreate(0, "")
	}
	for len(m.replies) > 0 {
		m.deliverReply(0)
	}
	m.deliverWatch(len(m.watched))
	m.commit(len(m.writes), false)
}

func (m *model) advanceTime(d time.Duration) {
	m.now = m.now.Add(d)
	m.step(tick{})
}

func (m *model) outcome(slot int) SlotRecord {
	m.commit(len(m.writes), false)
	return m.records[event.ID{Ms: 1000}].Slots[slot-1]
}

// answerAll answers all requests, and waits until orphans are rebuilt.
func (m *model) answerAll() {
	for range 3 {
		for len(m.requests) > 0 {
			m.serveRequest(0, false)
			m.deliverReply(0)
		}
		m.commit(len(m.writes), false)
		m.advanceTime(rebuildDelay)
	}
}

// waitOutBackoff answers all requests for some minutes: longer than the backoff before another attempt.
func (m *model) waitOutBackoff() {
	for range 3 {
		for len(m.requests) > 0 {
			m.serveRequest(0, false)
		}
		for len(m.replies) > 0 {
			m.deliverReply(0)
		}
		m.commit(len(m.writes), false)
		m.advanceTime(time.Minute)
	}
}

// runToEnd runs everything without faults until nothing is left to do.
func (m *model) runToEnd() {
	for _, name := range m.podNames() {
		if m.pods[name].edited() {
			m.restoreMetadata(name)
		}
	}
	for range 5000 {
		m.runRound()
		if !m.idle() {
			continue
		}
		if m.finished() {
			return
		}
		next := m.core.next()
		if next.IsZero() {
			m.fatal("stalled: %d open, Pods %v, %d pending", m.openRecords(), m.podNames(), len(m.pending))
		}
		m.now = later(m.now, next)
		m.step(tick{})
	}
	m.fatal("not finished after 5000 rounds: %d open", m.openRecords())
}

// runRound reads, commits and answers everything, and lets every Pod end.
func (m *model) runRound() {
	m.deliverNew(10)
	m.commit(len(m.writes), false)
	for len(m.creates) > 0 {
		m.serveCreate(0, "")
	}
	for len(m.removes) > 0 {
		m.serveRemove(0, false)
	}
	for len(m.requests) > 0 {
		m.serveRequest(0, false)
	}
	for len(m.replies) > 0 {
		m.deliverReply(0)
	}
	for _, name := range m.podNames() {
		if !m.pods[name].obs.Deleting.IsZero() && m.deletable(name) {
			m.setPhase(name, PhaseFailed)
			m.removePod(name)
			continue
		}
		m.setPhase(name, PhaseSucceeded)
	}
	m.deliverWatch(len(m.watched))
}

func (m *model) finished() bool {
	return m.idle() && m.openRecords() == 0 && len(m.pods) == 0 && m.read == len(m.entries) && len(m.core.removals.byPod) == 0
}

func (m *model) idle() bool {
	return len(m.writes)+len(m.creates)+len(m.removes)+len(m.requests)+len(m.replies)+len(m.watched) == 0
}

func (m *model) openRecords() int {
	n := 0
	for _, r := range m.records {
		if !r.Closed {
			n++
		}
	}
	return n
}

// closedRecords are the events whose record may expire: it is kept for longer than an entry that was read waits for its turn.
func (m *model) closedRecords() []event.ID {
	var ids []event.ID
	for _, r := range m.sortedRecords() {
		inHand := func(e Entry) bool { return e.ID == r.Event.EventID }
		if r.Closed && !slices.ContainsFunc(m.ahead, inHand) && !slices.ContainsFunc(m.core.intake.undecided, inHand) {
			ids = append(ids, r.Event.EventID)
		}
	}
	return ids
}

// checkEnd fails unless every entry is handled, every worker has its outcome, and the core holds nothing any more.
func (m *model) checkEnd() {
	for _, e := range m.entries {
		m.checkEntry(e.ID)
	}
	c := m.core
	if c.holding() != 0 || len(c.events)+len(c.removals.byPod)+len(c.lookups.byEvent)+len(c.orphans.byEvent) != 0 {
		m.fatal("the core keeps %d holding capacity, %d events, %d removals, %d lookups, %d orphans", c.holding(), len(c.events),
			len(c.removals.byPod), len(c.lookups.byEvent), len(c.orphans.byEvent))
	}
}

func (m *model) checkEntry(id event.ID) {
	if m.pending[id] {
		m.fatal("entry %s is still pending", id)
	}
	ends := 0
	if _, ok := m.closed[id]; ok {
		ends++
	}
	if m.dead[id] != "" {
		ends++
	}
	if of, ok := m.dups[id]; ok && (!of.IsZero() || ends == 0) { // without an original: delivered again after its own end
		ends++
	}
	if ends != 1 && !m.lostEntries[id] {
		m.fatal("entry %s has %d ends", id, ends)
	}
}
