package worker

import (
	"cmp"
	"maps"
	"slices"
)

// podSet is the last observation of each Pod, without those that are gone. An event may have 100,000: none is searched for.
type podSet map[PodRef]Observation

// update keeps what was seen of a Pod.
func (p podSet) update(o *Observation) {
	if o.Gone {
		delete(p, o.Ref)
		return
	}
	p[o.Ref] = *o
}

// removeIf forgets the Pods that are gone.
func (p podSet) removeIf(gone func(*Observation) bool) {
	maps.DeleteFunc(p, func(_ PodRef, o Observation) bool { return gone(&o) })
}

// active counts those that may run.
func (p podSet) active() int {
	n := 0
	for ref := range p {
		if o := p[ref]; !o.Phase.Ended() {
			n++
		}
	}
	return n
}

// any returns one of them, the same one for the same set; zero: there is none.
func (p podSet) any() PodRef {
	var lowest PodRef
	for ref := range p {
		if lowest == (PodRef{}) || compareRefs(ref, lowest) < 0 {
			lowest = ref
		}
	}
	return lowest
}

// sorted returns them by slot, the last attempt of each first.
func (p podSet) sorted() []Observation {
	return slices.SortedFunc(maps.Values(p), func(a, b Observation) int {
		return cmp.Or(a.Slot-b.Slot, b.Attempt-a.Attempt, compareRefs(a.Ref, b.Ref))
	})
}

func compareRefs(a, b PodRef) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
}
