package worker

import (
	"cmp"
	"maps"
	"slices"
)

// podSet is the last observation of each Pod, without those that are gone. An event may have 100,000: none is searched for,
// and those that may run are counted as they come and go.
type podSet struct {
	byRef  map[PodRef]Observation
	active *int // Pods that may run, of all sets that share the counter
}

func newPodSet(active *int) podSet { return podSet{make(map[PodRef]Observation), active} }

func (p podSet) len() int { return len(p.byRef) }

// update keeps what was seen of a Pod.
func (p podSet) update(o *Observation) {
	p.forget(o.Ref)
	if o.Gone {
		return
	}
	p.byRef[o.Ref] = *o
	if !o.Phase.Ended() {
		*p.active++
	}
}

func (p podSet) forget(ref PodRef) {
	if o, ok := p.byRef[ref]; ok && !o.Phase.Ended() {
		*p.active--
	}
	delete(p.byRef, ref)
}

// removeIf forgets the Pods that are gone.
func (p podSet) removeIf(gone func(*Observation) bool) {
	for ref := range p.byRef {
		if o := p.byRef[ref]; gone(&o) {
			p.forget(ref)
		}
	}
}

// clear forgets all of them.
func (p podSet) clear() { p.removeIf(func(*Observation) bool { return true }) }

// any returns one of them, the same one for the same set; zero: there is none.
func (p podSet) any() PodRef {
	var lowest PodRef
	for ref := range p.byRef {
		if lowest == (PodRef{}) || compareRefs(ref, lowest) < 0 {
			lowest = ref
		}
	}
	return lowest
}

// sorted returns them by slot, the last attempt of each first.
func (p podSet) sorted() []Observation {
	return slices.SortedFunc(maps.Values(p.byRef), func(a, b Observation) int {
		return cmp.Or(a.Slot-b.Slot, b.Attempt-a.Attempt, compareRefs(a.Ref, b.Ref))
	})
}

func compareRefs(a, b PodRef) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
}
