package worker

import (
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Carryover is what a term knew of its open events: if Redis lost its data meanwhile, the next term rewrites it.
type Carryover struct {
	LastAccepted event.ID
	Records      []Record // those that are open, and those that are closed and have Pods left

	unfinished bool // a term began to rewrite them and did not finish
}

// carryover is called when the term is over.
func (s *state) carryover() Carryover {
	r := Carryover{LastAccepted: s.intake.lastAccepted}
	for _, e := range s.events {
		if e.recorded {
			r.Records = append(r.Records, s.record(e))
		}
	}
	for _, rm := range s.removals.byPod {
		if rm.event == nil {
			r.Records = append(r.Records, tombstone(rm.eventID))
		}
	}
	for t := range s.queue.all() {
		for i := range t.packed {
			p := &t.packed[i]
			r.Records = append(r.Records, Record{Event: p.event(t.template), Slots: make([]SlotRecord, p.slots)})
		}
	}
	slices.SortFunc(r.Records, func(a, b Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
	r.Records = slices.CompactFunc(r.Records, func(a, b Record) bool { return a.Event.EventID == b.Event.EventID })
	return r
}

// tombstone is the record of a closed event of which no more is known.
func tombstone(id event.ID) Record {
	return Record{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: id.Time()}, Settled: true, Closed: true}
}

// record is what Redis holds of an open event, but for writes on their way: those are decided again.
func (s *state) record(e *trackedEvent) Record {
	if e.closed {
		return Record{Event: e.Event, Settled: true, Closed: true, Counts: e.counts}
	}
	rec := Record{Event: e.Event, Settled: e.settled, Slots: make([]SlotRecord, len(e.slots))}
	for i := range e.slots {
		rec.Slots[i] = e.slots[i].record()
	}
	if e.isScaleDown() && e.settled {
		rec.Victims, rec.Counts = e.victims, s.committedCounts(e)
	}
	return rec
}

// committedCounts are the outcomes of a scale_down's victims without those on their way.
func (s *state) committedCounts(e *trackedEvent) Counts {
	c := e.counts
	for _, v := range e.victims {
		of := s.events[v.Event]
		if of == nil {
			continue
		}
		if sl := &of.slots[v.Slot-1]; sl.phase == slotEnding && sl.outcome != nil {
			c.Add(sl.outcome.State, -1)
		}
	}
	return c
}

func (sl *slot) record() SlotRecord {
	switch {
	case sl.phase == slotEnded:
		return *sl.outcome
	case sl.uid != "":
		state := StateCreated
		if sl.running {
			state = StateRunning
		}
		return SlotRecord{Attempt: sl.attempt, State: state, UID: sl.uid, Node: sl.node, At: sl.since}
	case sl.attempt > 1:
		return SlotRecord{Attempt: sl.attempt - 1, State: StateRetrying, At: time.Time{}}
	}
	return SlotRecord{}
}
