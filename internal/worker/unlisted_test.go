package worker

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// puts is one call of put.
type puts struct {
	complete bool
	obs      []Observation
}

func seen(name string, phase Phase) Observation {
	return Observation{Ref: PodRef{Name: name, UID: name}, Event: event.ID{Ms: 1}, Slot: 1, Attempt: 1, Phase: phase}
}

func gone(o Observation) Observation {
	o.Gone = true
	return o
}

// unreadable is what the watch shows of a Pod without its annotations.
func unreadable(o Observation) Observation { return Observation{Ref: o.Ref} }

// TestUnlisted: what the loop has not taken of a Pod that a complete observation lacks is taken before it.
func TestUnlisted(t *testing.T) {
	change := func(obs ...Observation) puts { return puts{false, obs} }
	list := func(obs ...Observation) puts { return puts{true, obs} }
	running, ended := seen("a", PhaseRunning), seen("a", PhaseFailed)
	other := seen("b", PhaseRunning)
	for name, test := range map[string]struct {
		puts []puts
		want []observed
	}{
		"the last counts":     {[]puts{change(running), change(other), change(ended)}, []observed{{batch: []Observation{ended, other}}}},
		"listed":              {[]puts{change(running), list(ended)}, []observed{{[]Observation{ended}, true}}},
		"listed, was ended":   {[]puts{change(ended), list(running)}, []observed{{[]Observation{running}, true}}},
		"ended, not listed":   {[]puts{change(ended), list(other)}, []observed{{batch: []Observation{ended}}, {[]Observation{other}, true}}},
		"gone, not listed":    {[]puts{change(ended, gone(ended)), list()}, []observed{{batch: []Observation{gone(ended)}}, {complete: true}}},
		"deleted, running":    {[]puts{change(gone(running)), list()}, []observed{{batch: []Observation{gone(running)}}, {complete: true}}},
		"two lists":           {[]puts{change(ended), list(other), list()}, []observed{{batch: []Observation{ended, other}}, {complete: true}}},
		"listed later":        {[]puts{change(ended), list(other), list(ended)}, []observed{{batch: []Observation{other}}, {[]Observation{ended}, true}}},
		"changed after":       {[]puts{list(running), change(ended)}, []observed{{[]Observation{ended}, true}}},
		"edited, then gone":   {[]puts{change(ended, unreadable(running), gone(unreadable(running)))}, []observed{{batch: []Observation{gone(ended)}}}},
		"edited while it ran": {[]puts{change(running, unreadable(running))}, []observed{{batch: []Observation{unreadable(running)}}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newObservationBuffer()
			for _, p := range test.puts {
				b.put(p.obs, p.complete)
			}
			var got []observed
			for len(b.wake) > 0 && len(got) < 9 {
				<-b.wake
				got = append(got, b.take())
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(observed{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUnlistedIsBounded: however often Pods come and go while the loop is busy, the latest are kept.
func TestUnlistedIsBounded(t *testing.T) {
	b := newObservationBuffer()
	for round := range 5 {
		for i := range maxUnlisted / 2 {
			b.put([]Observation{seen(fmt.Sprint(round, "-", i), PhaseFailed)}, false)
		}
		b.put(nil, true)
	}
	got := b.take().batch
	if len(got) != maxUnlisted || got[0].Ref.Name != "3-0" {
		t.Errorf("%d are kept, from %s", len(got), got[0].Ref.Name)
	}
	if in := b.take(); !in.complete || len(in.batch) > 0 {
		t.Errorf("then %+v", in)
	}
}
