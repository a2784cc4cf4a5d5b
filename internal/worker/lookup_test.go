package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestLookups: a lookup is sent once, stale when its entry is decided on before the answer, and forgotten when used.
func TestLookups(t *testing.T) {
	id := event.ID{Ms: 1}
	answer := func(l *lookups) { l.get(id).done = true }
	decided := func(l *lookups) { l.decided(id) }
	used := func(l *lookups) { l.used(id) }
	for name, c := range map[string]struct {
		do    []func(*lookups)
		kept  bool
		stale bool
	}{
		"in flight":                    {nil, true, false},
		"used before the answer":       {[]func(*lookups){used}, true, false},
		"decided before the answer":    {[]func(*lookups){decided}, true, true},
		"decided after the answer":     {[]func(*lookups){answer, decided}, true, false},
		"used after the answer":        {[]func(*lookups){answer, used}, false, false},
		"dropped before the answer":    {[]func(*lookups){func(l *lookups) { l.drop(id) }}, false, false},
		"another one decided and used": {[]func(*lookups){func(l *lookups) { l.decided(event.ID{}); l.used(event.ID{}) }}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLookups()
			q, isNew := l.start(id)
			if again, isNewAgain := l.start(id); !isNew || isNewAgain || again != q {
				t.Fatalf("started twice: new %v, %v", isNew, isNewAgain)
			}
			for _, do := range c.do {
				do(&l)
			}
			if (l.get(id) != nil) != c.kept || q.stale != c.stale {
				t.Errorf("kept %v, stale %v, want %v, %v", l.get(id) != nil, q.stale, c.kept, c.stale)
			}
		})
	}
}

// TestLookupOfRefusedEntry: an entry is delivered again so late that its record has expired, and its Pod still hangs. The
// answer to the lookup counts: that the entry was refused meanwhile changes nothing about a record that it never writes.
func TestLookupOfRefusedEntry(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(9, false)
	m.expire(event.ID{Ms: 1000})
	m.beginTerm()
	m.ahead = []Entry{{ID: event.ID{Ms: 1000}, Redelivered: true, Fields: eventtest.Fields()}}
	m.pending[event.ID{Ms: 1000}] = true
	m.deliverAhead()
	m.serveRequest(0, false)
	m.deliverReply(0)
	if len(m.writes) != 1 {
		t.Fatalf("writes %v, want the duplicate", m.writes)
	}
	other := m.pods[name].obs
	other.Ref, other.Slot = PodRef{Name: m.set.Names.Pod(event.ID{Ms: 1000}, 2, 1), UID: "u"}, 2
	m.closed[event.ID{Ms: 1000}] = Counts{}
	m.step(observed{batch: []Observation{other}})
	m.serveRequest(0, false)
	m.deliverReply(0)
	if len(m.requests) != 0 || len(m.core.lookups.byEvent) != 0 || m.core.removals.get(other.Ref) == nil {
		t.Errorf("requests %v, lookups %v: want its Pod's removal planned", m.requests, m.core.lookups.byEvent)
	}
}

// TestLookupPods: the Pods that wait for an answer hold capacity while they may run, and are returned by drop.
func TestLookupPods(t *testing.T) {
	l := newLookups()
	first, _ := l.start(event.ID{Ms: 1})
	second, _ := l.start(event.ID{Ms: 2})
	first.pods.update(&Observation{Ref: PodRef{Name: "runs"}, Phase: PhaseRunning})
	first.pods.update(&Observation{Ref: PodRef{Name: "ended"}, Phase: PhaseFailed})
	second.pods.update(&Observation{Ref: PodRef{Name: "gone"}})
	if n := l.activePods(); n != 2 {
		t.Errorf("%d active Pods, want 2", n)
	}
	l.removePods(func(o *Observation) bool { return o.Ref.Name == "gone" })
	if n := l.activePods(); n != 1 {
		t.Errorf("%d active Pods after one is gone, want 1", n)
	}
	if pods := l.drop(event.ID{Ms: 1}); len(pods) != 2 || l.get(event.ID{Ms: 1}) != nil {
		t.Errorf("dropped %v, want both Pods", pods)
	}
}
