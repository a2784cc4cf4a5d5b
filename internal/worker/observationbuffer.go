package worker

import "sync"

// observationBuffer carries observations from the watch to the loop. The watch never waits for the loop: of several
// observations of one Pod that the loop has not taken yet, only the last is kept, so what is held is bounded by the
// number of Pods.
type observationBuffer struct {
	wake chan struct{} // holds one token while there is something to take

	mu       sync.Mutex
	batch    []Observation
	index    map[PodRef]int
	complete bool
}

func newObservationBuffer() *observationBuffer {
	return &observationBuffer{wake: make(chan struct{}, 1), index: make(map[PodRef]int)}
}

// put is called by the watch. A complete observation replaces what was not taken yet.
func (s *observationBuffer) put(obs []Observation, complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if complete {
		s.batch, s.complete = s.batch[:0:0], true
		clear(s.index)
	}
	for _, o := range obs {
		if i, ok := s.index[o.Ref]; ok {
			s.batch[i] = o
			continue
		}
		s.index[o.Ref] = len(s.batch)
		s.batch = append(s.batch, o)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take is called by the loop after each token.
func (s *observationBuffer) take() observed {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := observed{s.batch, s.complete}
	s.batch, s.complete = nil, false
	clear(s.index)
	return in
}
