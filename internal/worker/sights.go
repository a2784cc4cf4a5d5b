package worker

import "sync"

// sights carries observations from the watch to the loop. The watch never waits for the loop: of several
// observations of one Pod that the loop has not taken yet, only the last is kept, so what is held is bounded by the
// number of Pods.
type sights struct {
	wake chan struct{} // holds one token while there is something to take

	mu       sync.Mutex
	batch    []Observation
	at       map[PodRef]int
	complete bool
}

func newSights() *sights {
	return &sights{wake: make(chan struct{}, 1), at: make(map[PodRef]int)}
}

// put is called by the watch. A complete observation replaces what was not taken yet.
func (s *sights) put(obs []Observation, complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if complete {
		s.batch, s.complete = s.batch[:0:0], true
		clear(s.at)
	}
	for _, o := range obs {
		if i, ok := s.at[o.Ref]; ok {
			s.batch[i] = o
			continue
		}
		s.at[o.Ref] = len(s.batch)
		s.batch = append(s.batch, o)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take is called by the loop after each token.
func (s *sights) take() observed {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := observed{s.batch, s.complete}
	s.batch, s.complete = nil, false
	clear(s.at)
	return in
}
