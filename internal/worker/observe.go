package worker

import (
	"maps"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

// observe handles what the watch saw.
func (s *state) observe(batch []Observation, complete bool) {
	for i := range batch {
		s.observePod(&batch[i])
	}
	if complete {
		s.reconcile(batch)
	}
}

// observePod finds out whose Pod it is.
func (s *state) observePod(o *Observation) {
	if o.Event.IsZero() {
		s.observeUnreadable(o.Ref)
		return
	}
	if rm := s.removals.get(o.Ref); rm != nil {
		s.observeRemoval(rm, o)
		return
	}
	e := s.findEvent(o.Event)
	if e != nil && !e.recorded && s.orphans.get(o.Event) != nil { // they are attached once it is recorded
		s.orphans.update(o)
		return
	}
	if e != nil && !o.Scheduled.IsZero() {
		s.noteScheduled(e.Template, o.Scheduled)
	}
	switch {
	case e == nil:
		s.observeUntracked(o)
	case o.Slot < 1 || o.Slot > len(e.slots):
		s.warn(errcode.UnknownSlot, "pod", o.Ref.Name)
	case o.Attempt < e.slots[o.Slot-1].attempt && !o.Gone:
		s.holdPlace(s.planRemoval(o.Ref, o.Event, s.endOf(o).Add(s.FailedTTL)), !o.Phase.Ended())
	case o.Attempt == e.slots[o.Slot-1].attempt, e.slots[o.Slot-1].outcome != nil:
		s.observeSlot(&e.slots[o.Slot-1], o)
	}
}

// observeUntracked handles a Pod whose event is not tracked: its record is read.
func (s *state) observeUntracked(o *Observation) {
	switch {
	case s.orphans.get(o.Event) != nil:
		s.orphans.update(o)
	case o.Gone:
		if q := s.lookups.get(o.Event); q != nil {
			q.pods.update(o)
		}
	case o.Event.Time().After(s.now.Add(maxClockSkew)):
		s.holdUnknown(o)
	default:
		if o.Event.Compare(higher(s.intake.lastAccepted, s.intake.replaced)) > 0 { // Redis forgot that it was accepted
			s.recordLost(o.Event)
		}
		if q := s.lookUp(o.Event); q.done {
			s.handleUnowned(*o, q)
		} else {
			q.pods.update(o)
		}
	}
}

// observeUnreadable handles a Pod whose annotations do not say any more whose it is: somebody edited them. If it is one of
// ours, its name and UID say so, and what became of it is asked for; if it is somebody else's, nothing is done.
func (s *state) observeUnreadable(ref PodRef) {
	id, slot, _, ok := s.Names.Parse(ref.Name)
	e := s.events[id]
	if !ok || e == nil || slot < 1 || slot > len(e.slots) {
		return
	}
	if sl := &e.slots[slot-1]; sl.phase == slotActive && s.podOf(sl) == ref {
		s.verify(sl)
	}
}

// observeRemoval handles a Pod that is to be deleted. A victim's outcome may still be in what was seen.
func (s *state) observeRemoval(rm *removal, o *Observation) {
	if sl := rm.victim; sl != nil && sl.phase < slotEnding {
		s.follow(sl, o)
		return
	}
	if o.Gone {
		s.podGone(rm)
	}
}

// observeSlot handles a Pod of a slot.
func (s *state) observeSlot(sl *slot, o *Observation) {
	switch sl.phase {
	case slotCreating:
		sl.seen = copyOf(o) // until the reply says that it is ours
	case slotWaiting:
		sl.seen = copyOf(o)
		if s.listed && sl.event.recorded {
			s.claimSeenPods(sl.event)
		}
	case slotBackoff, slotAmbiguous:
		s.podCreated(sl, o.Ref.UID)
		s.observeSlot(sl, o)
	case slotActive, slotUnverified:
		s.follow(sl, o)
	case slotEnding:
		if o.Ref.UID != sl.uid {
			sl.seen = copyOf(o) // until the outcome is recorded
		}
	case slotEnded:
		s.handleLatePod(sl, o)
	}
}

func copyOf(o *Observation) *Observation {
	c := *o
	return &c
}

// handleLatePod handles a Pod whose worker's outcome is recorded: in an earlier term, or although its POST was given up.
// That one goes at once.
func (s *state) handleLatePod(sl *slot, o *Observation) {
	switch {
	case o.Gone:
	case o.Ref.UID == sl.uid:
		s.holdPlace(s.planRemoval(o.Ref, o.Event, s.removeAt(sl, o.Phase.Ended())), !o.Phase.Ended())
	default:
		s.warn(errcode.LatePod, "event_id", sl.event.EventID.String(), "pod", o.Ref.Name)
		s.holdPlace(s.planRemoval(o.Ref, o.Event, s.now), !o.Phase.Ended())
	}
}

// reconcile handles a complete observation: what is not in it may be gone.
func (s *state) reconcile(batch []Observation) {
	present := make(map[PodRef]bool, len(batch))
	for i := range batch {
		present[batch[i].Ref] = true
	}
	gone := func(o *Observation) bool { return !present[o.Ref] }
	s.lookups.removePods(gone)
	s.orphans.removePods(gone)
	for _, rm := range s.removals.missing(present) {
		s.podGone(rm)
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.events), event.ID.Compare) {
		e := s.events[id]
		for i := range e.slots {
			if sl := &e.slots[i]; sl.phase == slotActive && !present[s.podOf(sl)] {
				s.verify(sl)
			}
		}
	}
	if !s.listed {
		s.listed = true
		s.activateAll()
		s.pruneClocks()
	}
}

// activateAll lets the events of earlier terms act: the first complete observation has shown which Pods there are. What a
// scale_down takes is of lower events, so these come first.
func (s *state) activateAll() {
	for _, id := range slices.SortedFunc(maps.Keys(s.events), event.ID.Compare) {
		if e := s.events[id]; e != nil && e.recorded && !e.closing {
			s.activate(e)
		}
	}
}

// endOf is when a Pod ended; now, if it does not say.
func (s *state) endOf(o *Observation) time.Time {
	if o.Finished.IsZero() || o.Finished.After(s.now) {
		return s.now
	}
	return o.Finished
}

// handleUnowned handles a Pod whose event is not tracked. The record of a closed event is the tombstone of all its Pods, even
// when it has expired: an open event's record does not expire, so an event without one, of which none was lost, was closed.
func (s *state) handleUnowned(o Observation, q *lookup) {
	rec := q.record
	switch {
	case s.findEvent(o.Event) != nil:
		s.observePod(&o)
	case q.unreadable, rec != nil && !rec.Closed:
		s.recordLost(o.Event)
		s.warn(errcode.UntrackedEvent, "event_id", o.Event.String(), "pod", o.Ref.Name)
	case rec == nil && (q.lost || o.Event.Compare(s.intake.completeSince) <= 0):
		s.addOrphan(o)
	case !o.Phase.Ended():
		if rec == nil {
			s.warn(errcode.PodOutlivedRecord, "event_id", o.Event.String(), "pod", o.Ref.Name)
		}
		s.holdPlace(s.planRemoval(o.Ref, o.Event, s.now), true)
	case o.Phase == PhaseSucceeded:
		s.planRemoval(o.Ref, o.Event, s.endOf(&o).Add(s.SucceededTTL))
	default:
		s.planRemoval(o.Ref, o.Event, s.endOf(&o).Add(s.FailedTTL))
	}
}
