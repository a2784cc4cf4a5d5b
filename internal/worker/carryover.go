package worker

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Carryover is what a term knew of its open events: if Redis lost its data meanwhile, the next term rewrites it. It keeps
// the core of that term as it is and makes records of it only when they are asked for: a hundred thousand of them would take
// several times its memory.
type Carryover struct {
	LastAccepted  event.ID
	CompleteSince event.ID // the records are complete from here on, as those in Redis were

	from       *state
	unfinished bool // a term began to rewrite the records and did not finish
}

// carryover is called when the term is over: it may keep the core.
func (s *state) carryover() Carryover {
	return Carryover{LastAccepted: s.intake.lastAccepted, CompleteSince: s.carriedSince(), from: s}
}

// Records yields the records of events that are open, and of those that are closed and have Pods left, in the order of their
// IDs.
func (c *Carryover) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		if c.from == nil {
			return
		}
		for _, id := range c.from.recordedIDs() {
			if !yield(c.from.recordOf(id)) {
				return
			}
		}
	}
}

// Clocks yields the clocks of its Pods and templates, in the order of their names.
func (c *Carryover) Clocks() iter.Seq[Clock] {
	return func(yield func(Clock) bool) {
		if c.from == nil {
			return
		}
		saved := c.from.clocks.saved
		for _, name := range slices.Sorted(maps.Keys(saved)) {
			if !yield(Clock{Name: name, At: saved[name]}) {
				return
			}
		}
	}
}

// recordedIDs are the events that have a record, sorted.
func (s *state) recordedIDs() []event.ID {
	var ids []event.ID
	for id, e := range s.events {
		if e.recorded {
			ids = append(ids, id)
		}
	}
	for _, rm := range s.removals.byPod {
		if rm.event == nil {
			ids = append(ids, rm.eventID)
		}
	}
	for ref := range s.scheduler.AllPacked() {
		ids = append(ids, s.scheduler.Event(ref))
	}
	slices.SortFunc(ids, event.ID.Compare)
	return slices.Compact(ids)
}

func (s *state) recordOf(id event.ID) Record {
	if e := s.events[id]; e != nil {
		return s.record(e)
	}
	ref := s.scheduler.Find(id)
	if ref == 0 {
		return tombstone(id)
	}
	ev := recallPacked(id, s.scheduler.Fields(ref))
	return Record{Event: ev, Seq: 1, Slots: make([]SlotRecord, ev.PodCount), AcceptedAt: s.scheduler.AcceptedAt(ref)}
}

// tombstone is the record of a closed event of which no more is known.
func tombstone(id event.ID) Record {
	return Record{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: id.Time()}, Settled: true, Closed: true}
}

// record is what Redis holds of an open event, but for writes on their way: those are decided again.
func (s *state) record(e *trackedEvent) Record {
	if e.closed {
		return Record{Event: e.Event, Seq: int(e.recordedSeq), Slots: e.outcomes(), Settled: true, Closed: true, Counts: e.counts}
	}
	rec := Record{
		Event: e.Event, Seq: int(e.recordedSeq), Settled: e.settled, Slots: make([]SlotRecord, len(e.slots)),
		AcceptedAt: e.acceptedAt, RefusedAt: e.refusedAt, Rebuilt: e.failing != nil && e.failing.reason == ReasonRecordLost,
	}
	for i := range e.slots {
		rec.Slots[i] = e.slots[i].record()
	}
	if e.takesWorkers() && e.settled {
		rec.Victims, rec.Counts = e.victims, s.committedCounts(e)
	}
	return rec
}

// committedCounts are the outcomes of the victims of a scale_down or cancel without those on their way.
func (s *state) committedCounts(e *trackedEvent) Counts {
	c := e.counts
	for _, w := range s.uncommitted {
		if o, ok := w.(Outcome); ok && o.SelectedBy == e.EventID {
			c.Add(o.State, -1)
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
