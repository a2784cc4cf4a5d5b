package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	// rebuildDelay is how long the stream has to bring the event of a Pod that has no record.
	rebuildDelay = 30 * time.Second
	// maxRebuiltSlots bounds the slots of an event that is rebuilt from an annotation.
	maxRebuiltSlots = 100_000
)

// orphan is an event without a record whose Pods exist: Redis has lost it. Unless the stream brings it again, it is
// rebuilt from the annotations of its Pods. They are not deleted while they run.
type orphan struct {
	pods     podSet
	wakeTime time.Time
	unknown  bool // its Pods do not say what event it was: it is ignored
}

// orphans are all of them, by event.
type orphans struct {
	byEvent map[event.ID]*orphan
	active  *int // Pods that may run
}

func newOrphans() orphans { return orphans{make(map[event.ID]*orphan), new(int)} }

// get returns the orphan of that ID; nil: there is none.
func (o *orphans) get(id event.ID) *orphan { return o.byEvent[id] }

// add returns the orphan of that ID, made if there is none.
func (o *orphans) add(id event.ID) (orph *orphan, isNew bool) {
	if orph := o.byEvent[id]; orph != nil {
		return orph, false
	}
	orph = &orphan{pods: newPodSet(o.active)}
	o.byEvent[id] = orph
	return orph, true
}

// update keeps what was seen of a Pod, and forgets the event with its last Pod.
func (o *orphans) update(obs *Observation) {
	orph := o.byEvent[obs.Event]
	orph.pods.update(obs)
	if orph.pods.len() == 0 {
		delete(o.byEvent, obs.Event)
	}
}

// take takes an orphan off, and returns its Pods; none: there is none.
func (o *orphans) take(id event.ID) []Observation {
	orph := o.byEvent[id]
	if orph == nil {
		return nil
	}
	delete(o.byEvent, id)
	pods := orph.pods.sorted()
	orph.pods.clear()
	return pods
}

// removePods forgets Pods that are gone.
func (o *orphans) removePods(gone func(*Observation) bool) {
	for id, orph := range o.byEvent {
		orph.pods.removeIf(gone)
		if orph.pods.len() == 0 {
			delete(o.byEvent, id)
		}
	}
}

// activePods counts Pods that may run.
func (o *orphans) activePods() int { return *o.active }

// addOrphan handles a Pod whose event has no record, and was not closed.
func (s *state) addOrphan(o Observation) {
	s.recordLost(o.Event)
	orph, isNew := s.orphans.add(o.Event)
	if isNew {
		s.rebuildLater(o.Event, orph)
		s.warn(errcode.PodWithoutRecord, "event_id", o.Event.String(), "pod", o.Ref.Name)
	}
	s.orphans.update(&o)
}

// maxClockSkew is how far Redis' clock, whose milliseconds an event's ID has, may be ahead of ours.
const maxClockSkew = 24 * time.Hour

// holdUnknown handles a Pod whose event cannot exist yet: somebody made it, with our labels. It is left alone.
func (s *state) holdUnknown(o *Observation) {
	orph, isNew := s.orphans.add(o.Event)
	if orph.unknown = true; isNew {
		s.error(errcode.PodWithoutOrigin, "event_id", o.Event.String(), "pod", o.Ref.Name)
	}
	s.orphans.update(o)
}

func (s *state) rebuildLater(id event.ID, orph *orphan) {
	orph.wakeTime = s.now.Add(rebuildDelay)
	s.timers.set(timer{at: orph.wakeTime, orphan: id})
}

// readOrigin reads the annotation of one of an orphan's Pods.
func (s *state) readOrigin(id event.ID) {
	orph := s.orphans.get(id)
	if orph == nil || orph.unknown || s.stopping || s.events[id] != nil {
		return
	}
	s.requests.add(check{PodRef: orph.pods.any(), event: id})
}

// originRead handles the answer.
func (s *state) originRead(in checked) {
	orph := s.orphans.get(in.event)
	switch {
	case orph == nil, s.events[in.event] != nil: // it is gone, or the stream brought its event
	case in.err != nil:
		s.rebuildLater(in.event, orph)
	case in.pod == nil:
		s.orphans.update(&Observation{Ref: in.PodRef, Event: in.event, Gone: true})
		s.readOrigin(in.event)
	default:
		s.rebuild(in.event, orph, in.pod.Origin)
	}
}

// rebuild makes the record of an event from the annotation of one of its Pods. Somebody may have edited it: it is decoded
// like an entry, by the rules of the stream.
func (s *state) rebuild(id event.ID, orph *orphan, origin *event.Event) {
	ev, ok := decodeOrigin(id, origin)
	if !ok {
		orph.unknown = true
		s.error(errcode.PodWithoutOrigin, "event_id", id.String(), "pod", orph.pods.any().Name)
		return
	}
	e := newEvent(ev, s.now)
	s.events[id] = e
	rec := Record{Event: ev, Rebuilt: true, Slots: make([]SlotRecord, len(e.slots))}
	s.write(Restore{Record: rec, Hash: ev.Hash(), Rebuilt: true, At: s.now})
	s.warn(errcode.EventRebuilt, "event_id", id.String(), "pods", orph.pods.len())
}

func decodeOrigin(id event.ID, origin *event.Event) (event.Event, bool) {
	if origin == nil || origin.EventID != id || origin.Type != event.ScaleUp {
		return event.Event{}, false
	}
	ev, bad := event.Recall(id, origin.Fields(), maxRebuiltSlots)
	return ev, bad == nil
}

// lostWithItsRecord is what becomes of a worker without a Pod whose event was rebuilt.
func lostWithItsRecord() *decision {
	return &decision{state: StateLost, reason: ReasonRecordLost, message: "its record was lost, and it has no Pod"}
}

// eventRebuilt activates a rebuilt event. A worker without a Pod may have run: it is lost.
func (s *state) eventRebuilt(e *trackedEvent) {
	e.recorded = true
	e.failing = lostWithItsRecord()
	s.enterTracked(e)
	s.attachOrphanPods(e)
	s.claimSeenPods(e)
	s.agenda.push(&failChore{event: e})
}

func (e *trackedEvent) lastSeen(slot int) *Observation {
	if slot > len(e.slots) {
		return nil
	}
	return e.slots[slot-1].seen
}

// attachOrphanPods gives an event the Pods that were seen before it was tracked.
func (s *state) attachOrphanPods(e *trackedEvent) {
	// A slot begins with its first attempt, the last one here: what became of each is recorded before anything is done to it.
	all := s.orphans.take(e.EventID)
	for _, o := range all {
		if o.Slot <= len(e.slots) {
			e.slots[o.Slot-1].attempt = o.Attempt
		}
	}
	for _, o := range all {
		if seen := e.lastSeen(o.Slot); seen == nil || seen.Ref != o.Ref { // else it was seen again since
			s.observePod(&o)
		}
	}
}
