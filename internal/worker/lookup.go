package worker

import "github.com/ottoscaler/ottoscaler/internal/event"

// lookup is the reading of one event's record, for whatever waits for it: an entry that was delivered before, Pods whose
// event is not tracked.
type lookup struct {
	done       bool
	stale      bool    // the entry was decided on since: the answer may be older than that
	record     *Record // nil: there is none
	unreadable bool    // there is one that cannot be read
	lost       bool    // there is none although the event is open
	pods       podSet  // that wait for the answer
}

// lookups are those in flight, or answered and not used yet, one for each event.
type lookups struct {
	byEvent map[event.ID]*lookup
	active  *int // waiting Pods that may run
}

func newLookups() lookups { return lookups{make(map[event.ID]*lookup), new(int)} }

// get returns the lookup of an event; nil: there is none.
func (l *lookups) get(id event.ID) *lookup { return l.byEvent[id] }

// start returns the lookup of an event; isNew: it has to be sent.
func (l *lookups) start(id event.ID) (q *lookup, isNew bool) {
	if q := l.byEvent[id]; q != nil {
		return q, false
	}
	q = &lookup{pods: newPodSet(l.active)}
	l.byEvent[id] = q
	return q, true
}

// decided marks a lookup in flight as stale: its entry was decided on meanwhile.
func (l *lookups) decided(id event.ID) {
	if q := l.byEvent[id]; q != nil && !q.done {
		q.stale = true
	}
}

// used forgets a lookup that is answered.
func (l *lookups) used(id event.ID) {
	if q := l.byEvent[id]; q != nil && q.done {
		delete(l.byEvent, id)
	}
}

// drop forgets a lookup, whatever its state, and returns the Pods that waited for it.
func (l *lookups) drop(id event.ID) []Observation {
	pods := l.byEvent[id].takePods()
	delete(l.byEvent, id)
	return pods
}

// takePods takes off the Pods that wait.
func (q *lookup) takePods() []Observation {
	pods := q.pods.sorted()
	q.pods.clear()
	return pods
}

// removePods forgets waiting Pods that are gone.
func (l *lookups) removePods(gone func(*Observation) bool) {
	for _, q := range l.byEvent {
		q.pods.removeIf(gone)
	}
}

// activePods counts waiting Pods that may run.
func (l *lookups) activePods() int { return *l.active }

// lookUp reads an event's record, once however many wait for the answer.
func (s *state) lookUp(id event.ID) *lookup {
	q, isNew := s.lookups.start(id)
	if isNew {
		s.requests.add(find{id})
	}
	return q
}

// found handles the answer to lookUp.
func (s *state) found(in found) {
	s.requests.answered()
	q := s.lookups.get(in.id)
	if s.events[in.id] != nil || s.isPacked(in.id) { // accepted since: the answer is an old one
		for _, o := range s.lookups.drop(in.id) {
			s.observePod(&o)
		}
		s.decideInOrder()
		return
	}
	if q.stale {
		q.stale = false
		s.requests.add(find{in.id})
		return
	}
	q.done, q.record, q.unreadable, q.lost = true, in.record, in.unreadable, in.lost
	for _, o := range q.takePods() {
		s.handleUnowned(o, q)
	}
	if !s.intake.has(in.id) {
		s.lookups.used(in.id)
	}
	s.decideInOrder()
}
