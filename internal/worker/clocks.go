package worker

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The names of clocks in Redis: what it is, and of which template or Pod.
const (
	clockScheduled = "scheduled:" // of a template: when a Pod of it was last scheduled
	clockPulling   = "pulling:"   // of a Pod: since when its image cannot be pulled
	clockGated     = "gated:"     // of a Pod: since when a scheduling gate was seen on it
	clockUngated   = "ungated:"   // of a Pod: since when none is left
	clockRan       = "ran:"       // of a Pod that is not recorded as running: when a container of it was seen to run
)

// clocks are when things began that a time limit counts from, and that neither a record nor a Pod says. Redis keeps them, so
// that a new term judges as the one before would have.
type clocks struct {
	scheduled map[string]time.Time // by template
	saved     map[string]time.Time // by name, as Redis has them, or will
	claimed   map[string]bool      // at the start of a term: names of Pods that some slot has
}

func newClocks() clocks {
	return clocks{make(map[string]time.Time), make(map[string]time.Time), make(map[string]bool)}
}

// loadClocks is called before any record is restored. A time that is ahead of our clock is cut.
func (s *state) loadClocks(saved map[string]time.Time) {
	for name, at := range saved {
		if at.After(s.now) {
			at = s.now
		}
		s.clocks.saved[name] = at
		if template, is := strings.CutPrefix(name, clockScheduled); is {
			s.clocks.scheduled[template] = at
		}
	}
}

// restoreClocks sets what a slot's Pod is known to have waited for in the term before.
func (s *state) restoreClocks(sl *slot) {
	pod := s.podOf(sl).Name
	for _, kind := range []string{clockPulling, clockGated, clockUngated, clockRan} {
		s.clocks.claimed[kind+pod] = true
	}
	sl.pullingSince, sl.ungatedAt = s.clocks.saved[clockPulling+pod], s.clocks.saved[clockUngated+pod]
	_, sl.gated = s.clocks.saved[clockGated+pod]
	_, sl.ran = s.clocks.saved[clockRan+pod]
}

// pruneClocks drops, once in a term, the clocks of Pods that no slot has any more, and of templates that no longer matter.
func (s *state) pruneClocks() {
	for _, name := range slices.Sorted(maps.Keys(s.clocks.saved)) {
		old := strings.HasPrefix(name, clockScheduled) && s.now.Sub(s.clocks.saved[name]) > s.PendingTimeout
		if old || !strings.HasPrefix(name, clockScheduled) && !s.clocks.claimed[name] {
			s.dropClock(name)
		}
	}
	s.clocks.claimed = nil
}

func (s *state) saveClock(name string, at time.Time) {
	s.clocks.saved[name] = at
	if s.clocks.claimed != nil {
		s.clocks.claimed[name] = true // of a Pod that this term has just found
	}
	s.write(Clock{Name: name, At: at})
}

func (s *state) dropClock(name string) {
	if _, has := s.clocks.saved[name]; has {
		delete(s.clocks.saved, name)
		s.write(Clock{Name: name})
	}
}

// noteScheduled notes that a Pod has a node: a template of which Pods get nodes makes progress. To save that each time would
// be waste: the saved time lags by a fifteenth of the timeout at most.
func (s *state) noteScheduled(template string, at time.Time) {
	if at.After(s.now) {
		at = s.now
	}
	if !at.After(s.clocks.scheduled[template]) {
		return
	}
	s.clocks.scheduled[template] = at
	if at.Sub(s.clocks.saved[clockScheduled+template]) >= s.PendingTimeout/15 {
		s.saveClock(clockScheduled+template, at)
	}
}

// setClocks starts and ends the clocks of a slot's Pod.
func (s *state) setClocks(sl *slot, o *Observation) {
	switch {
	case o.Waiting != WaitingImage:
		s.endClock(sl, clockPulling, &sl.pullingSince)
	case sl.pullingSince.IsZero():
		s.startClock(sl, clockPulling, &sl.pullingSince)
	}
	switch {
	case o.Gated && !sl.gated:
		sl.gated = true
		s.endClock(sl, clockUngated, &sl.ungatedAt)
		s.saveClock(clockGated+s.podOf(sl).Name, s.now)
	case !o.Gated && sl.gated:
		s.ungate(sl)
		s.startClock(sl, clockUngated, &sl.ungatedAt)
	}
	if o.Node != "" {
		s.endClock(sl, clockUngated, &sl.ungatedAt)
	}
	switch {
	case !o.MainEnded:
		sl.mainEndedAt = time.Time{}
	case sl.mainEndedAt.IsZero():
		sl.mainEndedAt = s.now
	}
}

// dropClocks drops all clocks of a Pod whose attempt ends.
func (s *state) dropClocks(sl *slot) {
	s.endClock(sl, clockPulling, &sl.pullingSince)
	s.endClock(sl, clockUngated, &sl.ungatedAt)
	s.ungate(sl)
	s.dropClock(clockRan + s.podOf(sl).Name)
}

// noteRan remembers that something of a Pod ran before it is recorded as running: it must not be run again.
func (s *state) noteRan(sl *slot, o *Observation) {
	if !o.Ran || sl.ran {
		return
	}
	sl.ran = true
	if !sl.running && o.Phase == PhasePending { // else the record says so, or will
		s.saveClock(clockRan+s.podOf(sl).Name, s.now)
	}
}

func (s *state) startClock(sl *slot, kind string, at *time.Time) {
	*at = s.now
	s.saveClock(kind+s.podOf(sl).Name, s.now)
}

func (s *state) endClock(sl *slot, kind string, at *time.Time) {
	if !at.IsZero() {
		*at = time.Time{}
		s.dropClock(kind + s.podOf(sl).Name)
	}
}

func (s *state) ungate(sl *slot) {
	if sl.gated {
		sl.gated = false
		s.dropClock(clockGated + s.podOf(sl).Name)
	}
}
