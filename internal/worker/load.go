package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"slices"
	"time"
)

// load rebuilds the core from the open records, at the start of a term, page by page. Nothing is started before the first
// complete observation shows which Pods there are.
func (s *state) load(in loaded) {
	s.before = higher(s.before, in.mark)
	s.highest, s.reached = s.before, s.before
	for i := range in.records {
		s.restore(&in.records[i])
	}
}

func higher(a, b event.ID) event.ID {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}

func (s *state) restore(rec *Record) {
	e := newEvent(rec.Event, s.now)
	e.recorded, e.settling, e.settled = true, rec.Settled, rec.Settled
	s.events[e.EventID] = e
	if e.Type == event.ScaleDown {
		s.restoreVictims(e, rec)
		return
	}
	for i := range e.slots {
		if i < len(rec.Slots) {
			s.restoreSlot(&e.slots[i], rec.Slots[i])
		}
	}
	if e.untouched() { // most of a hundred thousand are
		delete(s.events, e.EventID)
		s.line(e.Template).addParcel(wrap(e))
		return
	}
	// A crash between two commits may have left the last ones of an event unsaid.
	s.settle(e)
	s.close(e)
}

// restoreVictims dooms again whom a scale_down has chosen. One whose event is not open any more has its outcome.
func (s *state) restoreVictims(e *trackedEvent, rec *Record) {
	e.counts, e.victims = rec.Counts, rec.Victims
	for _, v := range rec.Victims {
		of := s.inHandOrWaiting(v.Event)
		if of == nil || v.Slot < 1 || v.Slot > len(of.slots) {
			continue
		}
		if sl := &of.slots[v.Slot-1]; sl.phase < slotEnding {
			s.doom(e, sl)
		}
	}
	s.close(e)
}

func (s *state) restoreSlot(sl *slot, rec SlotRecord) {
	if rec.Attempt < 1 {
		return
	}
	if rec.At.After(s.now) { // somebody's clock was ahead of ours
		rec.At = s.now
	}
	sl.attempt, sl.uid, sl.node, sl.since = rec.Attempt, rec.UID, rec.Node, rec.At
	sl.marked = true
	sl.event.marked++
	switch {
	case rec.State.IsOutcome():
		sl.phase, sl.outcome = slotEnded, &rec
		sl.event.counts.add(rec.State, 1)
	case rec.State == StateRetrying:
		s.renew(sl, rec.At)
	default:
		sl.phase, sl.running = slotLives, rec.State == StateRunning
		s.occupy(sl, true)
	}
}

// Carryover is what a term knew of its open events: if Redis was emptied under it, the next one writes it down anew.
type Carryover struct {
	Mark    event.ID
	Records []Record // those that are open, and those that are closed and have Pods left

	unfinished bool // a term began to write them and did not come to the end
}

// carryover is called when the term is over.
func (s *state) carryover() Carryover {
	r := Carryover{Mark: s.highest}
	for _, e := range s.events {
		if e.recorded {
			r.Records = append(r.Records, s.record(e))
		}
	}
	for _, rm := range s.removals {
		if rm.event == nil {
			r.Records = append(r.Records, tombstone(rm.of))
		}
	}
	for _, l := range s.lines {
		for _, p := range l.waiting {
			r.Records = append(r.Records, Record{Event: l.event(p), Slots: make([]SlotRecord, p.slots)})
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

// record is what Redis holds of an open event, but for what was on its way: that is decided anew.
func (s *state) record(e *trackedEvent) Record {
	if e.closed {
		return Record{Event: e.Event, Settled: true, Closed: true, Counts: e.counts}
	}
	rec := Record{Event: e.Event, Settled: e.settled, Slots: make([]SlotRecord, len(e.slots))}
	for i := range e.slots {
		rec.Slots[i] = e.slots[i].record()
	}
	if e.Type == event.ScaleDown && e.settled {
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
			c.add(sl.outcome.State, -1)
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
