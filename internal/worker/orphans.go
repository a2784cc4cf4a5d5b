package worker

import (
	"cmp"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"log/slog"
	"slices"
	"time"
)

// adoptAfter is how long the stream has to bring the event of a Pod that has no record.
const adoptAfter = 30 * time.Second

// maxAdopted bounds the slots of an event that is rebuilt from an annotation.
const maxAdopted = 100_000

// orphan is an event without a record whose Pods are there: Redis has lost it. Unless the stream brings it again, it is
// rebuilt from what its Pods say of it. They are not deleted while they run.
type orphan struct {
	pods []Observation
	wake time.Time
	lost bool // nobody knows what event it was: it is left alone
}

// orphan takes in a Pod whose event has no record.
func (s *state) orphan(o Observation) {
	orph := s.orphans[o.Event]
	if orph == nil {
		orph = &orphan{}
		s.orphans[o.Event] = orph
		s.awaitAdoption(o.Event, orph)
		s.say(slog.LevelWarn, "a Pod of ours has no record", "event_id", o.Event.String(), "pod", o.Ref.Name)
	}
	s.seeOrphan(&o)
}

// seeOrphan keeps the last observation of each Pod, and forgets the event with the last Pod.
func (s *state) seeOrphan(o *Observation) {
	orph := s.orphans[o.Event]
	orph.pods = slices.DeleteFunc(orph.pods, func(p Observation) bool { return p.Ref == o.Ref })
	if !o.Gone {
		orph.pods = append(orph.pods, *o)
	}
	if len(orph.pods) == 0 {
		delete(s.orphans, o.Event)
	}
}

func (s *state) awaitAdoption(id event.ID, orph *orphan) {
	orph.wake = s.now.Add(adoptAfter)
	s.timers.set(timer{at: orph.wake, orphan: id})
}

// identify asks one of an orphan's Pods what event it is of.
func (s *state) identify(id event.ID) {
	orph := s.orphans[id]
	if orph == nil || orph.lost || s.stopping || s.events[id] != nil {
		return
	}
	s.asking++
	s.do(check{PodRef: orph.pods[0].Ref, event: id})
}

// identified handles the answer.
func (s *state) identified(in checked) {
	orph := s.orphans[in.event]
	switch {
	case orph == nil, s.events[in.event] != nil: // it is gone, or the stream brought its event
	case in.err != nil:
		s.awaitAdoption(in.event, orph)
	case in.pod == nil:
		s.seeOrphan(&Observation{Ref: in.PodRef, Event: in.event, Gone: true})
		s.identify(in.event)
	default:
		s.adopt(in.event, orph, in.pod.Origin)
	}
}

// adopt rebuilds the record of an event from the annotation of one of its Pods. Somebody may have edited it: it is read
// like an entry, by the rules of the stream.
func (s *state) adopt(id event.ID, orph *orphan, origin *event.Event) {
	ev, ok := recalled(id, origin)
	if !ok {
		orph.lost = true
		s.say(slog.LevelError, "a Pod of ours has no record and does not tell its event, it is left alone",
			"event_id", id.String(), "pod", orph.pods[0].Ref.Name)
		return
	}
	e := newEvent(ev, s.now)
	s.events[id] = e
	s.write(Restore{Record: Record{Event: ev, Slots: make([]SlotRecord, len(e.slots))}, Hash: ev.Hash(), At: s.now})
	s.say(slog.LevelWarn, "an event is rebuilt from its Pods", "event_id", id.String(), "pods", len(orph.pods))
}

func recalled(id event.ID, origin *event.Event) (event.Event, bool) {
	if origin == nil || origin.EventID != id || origin.Type != event.ScaleUp {
		return event.Event{}, false
	}
	ev, bad := event.Recall(id, origin.Fields(), maxAdopted)
	return ev, bad == nil
}

// adopted lets a rebuilt event act. Of a worker without a Pod nobody knows whether it ran: it is lost.
func (s *state) adopted(e *trackedEvent) {
	e.recorded = true
	s.reclaim(e)
	s.claim(e)
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaits {
			s.end(sl, decision{state: StateLost, reason: "RecordLost", message: "its record was lost, and it has no Pod"})
		}
	}
}

func (e *trackedEvent) seen(slot int) *Observation {
	if slot > len(e.slots) {
		return nil
	}
	return e.slots[slot-1].seen
}

// reclaim gives an event the Pods that were seen before it was in hand.
func (s *state) reclaim(e *trackedEvent) {
	orph := s.orphans[e.EventID]
	if orph == nil {
		return
	}
	delete(s.orphans, e.EventID)
	// The first attempts come first: what became of each is recorded before anything is done to it.
	slices.SortFunc(orph.pods, func(a, b Observation) int { return cmp.Or(a.Slot-b.Slot, b.Attempt-a.Attempt) })
	for _, o := range orph.pods {
		if o.Slot <= len(e.slots) {
			e.slots[o.Slot-1].attempt = o.Attempt
		}
	}
	for _, o := range orph.pods {
		if seen := e.seen(o.Slot); seen == nil || seen.Ref != o.Ref { // else it was seen again since
			s.sight(&o)
		}
	}
}
