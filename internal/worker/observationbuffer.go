package worker

import "sync"

// maxUnlisted bounds what is kept of Pods that a complete observation lacks. Of more, the core finds out by asking for each.
const maxUnlisted = 10_000

// observationBuffer carries observations from the watch to the loop. The watch never waits for the loop: of several
// observations of one Pod that the loop has not taken yet, only the last is kept, so what is held is bounded by the
// number of Pods.
type observationBuffer struct {
	wake chan struct{} // holds one token while there is something to take

	mu       sync.Mutex
	unlisted []Observation // not taken when a complete observation came that lacks their Pods; taken before it
	batch    []Observation
	index    map[PodRef]int
	complete bool
}

func newObservationBuffer() *observationBuffer {
	return &observationBuffer{wake: make(chan struct{}, 1), index: make(map[PodRef]int)}
}

// put is called by the watch. A complete observation replaces what was not taken yet of the Pods in it. Of the others it was the
// last that anybody sees: how they ended, or that somebody deleted them.
func (s *observationBuffer) put(obs []Observation, complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ran []PodRef
	if complete {
		ran = s.keepUnlisted(obs)
		s.batch, s.complete = nil, true
		clear(s.index)
	}
	for i := range obs {
		s.add(&obs[i])
	}
	for _, ref := range ran {
		s.batch[s.index[ref]].Ran = true
	}
	s.signal()
}

// keepUnlisted keeps what is waiting of Pods that are not in a complete observation, the latest if it is too much. Of those in
// it, it returns which ran: a kubelet that was restarted may have wiped that.
func (s *observationBuffer) keepUnlisted(list []Observation) (ran []PodRef) {
	if len(s.unlisted)+len(s.batch) == 0 {
		return nil
	}
	listed := make(map[PodRef]bool, len(list))
	for i := range list {
		listed[list[i].Ref] = true
	}
	var kept []Observation
	for _, waiting := range [][]Observation{s.unlisted, s.batch} {
		for i := range waiting {
			if !listed[waiting[i].Ref] {
				kept = append(kept, waiting[i])
			} else if waiting[i].Ran {
				ran = append(ran, waiting[i].Ref)
			}
		}
	}
	s.unlisted = kept[max(0, len(kept)-maxUnlisted):]
	return ran
}

func (s *observationBuffer) add(o *Observation) {
	i, ok := s.index[o.Ref]
	switch {
	case !ok:
		s.index[o.Ref] = len(s.batch)
		s.batch = append(s.batch, *o)
	case o.Event.IsZero() && s.batch[i].Phase.Ended():
		// Its annotations were edited: what the watch shows now does not say how it ended.
		s.batch[i].Gone = s.batch[i].Gone || o.Gone
	default:
		ran := s.batch[i].Ran
		s.batch[i] = *o
		s.batch[i].Ran = ran || o.Ran
	}
}

// take is called by the loop after each token.
func (s *observationBuffer) take() observed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := (observed{batch: s.unlisted}); len(in.batch) > 0 {
		s.unlisted = nil
		s.signal()
		return in
	}
	in := observed{s.batch, s.complete}
	s.batch, s.complete = nil, false
	clear(s.index)
	return in
}

// signal makes the loop take.
func (s *observationBuffer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
