package worker

import (
	"log/slog"
	"maps"
	"slices"
	"time"
)

// recheckPause is how long a Pod that we cannot see, but that is still there, is left alone between two looks.
const recheckPause = 30 * time.Second

// observe handles what the watch saw.
func (s *state) observe(batch []Observation, complete bool) {
	for i := range batch {
		s.sight(&batch[i])
	}
	if complete {
		s.compare(batch)
	}
}

// sight finds out whose Pod it is.
func (s *state) sight(o *Observation) {
	if r := s.removals[o.Ref.Name]; r != nil && r.ref.UID == o.Ref.UID {
		if o.Gone {
			s.away(r)
		}
		return
	}
	e := s.events[o.Event]
	switch {
	case e == nil && o.Gone:
		if q := s.asked[o.Event]; q != nil {
			q.pods = slices.DeleteFunc(q.pods, func(p Observation) bool { return p.Ref == o.Ref })
		}
	case e == nil:
		if q := s.ask(o.Event); q.answered {
			s.stray(*o, q.record)
		} else {
			q.pods = append(q.pods, *o)
		}
	case o.Slot < 1 || o.Slot > len(e.slots):
		s.say(slog.LevelWarn, "a Pod claims a slot that its event does not have, it is left alone", "pod", o.Ref.Name)
	case o.Attempt < e.slots[o.Slot-1].attempt && !o.Gone:
		s.keep(o.Ref, e, s.endOf(o).Add(s.FailedTTL))
	case o.Attempt == e.slots[o.Slot-1].attempt:
		s.look(&e.slots[o.Slot-1], o)
	}
}

// look takes in what was seen of a slot's Pod.
func (s *state) look(sl *slot, o *Observation) {
	switch sl.phase {
	case slotWaits, slotCreating:
		seen := *o
		sl.seen = &seen // until the reply says that it is ours
	case slotPauses, slotAgain:
		if !o.Gone {
			s.line(sl.event.Template).drop(sl)
			s.alive(sl, o.Ref.UID)
			s.look(sl, o)
		}
	case slotLives, slotChecked:
		s.follow(sl, o)
	case slotEnding: // its end is decided, and the DELETE will tell whether it is gone
	case slotEnded:
		if !o.Gone && o.Ref.UID == sl.uid { // it was recorded in an earlier term
			s.keep(o.Ref, sl.event, s.keepUntil(sl, o.Phase.Ended()))
		}
	}
}

func (s *state) follow(sl *slot, o *Observation) {
	if o.Ref.UID != sl.uid {
		return
	}
	if sl.node == "" && o.Node != "" {
		sl.node = o.Node
		s.line(sl.event.Template).progress = s.now
	}
	sl.deleting = sl.deleting || !o.Deleting.IsZero()
	if o.Gone && !o.Phase.Ended() {
		sl.unbound = o.Node == ""
		sl.phase = slotChecked
		s.check(sl)
		return
	}
	sl.phase = slotLives
	s.judge(sl, o) // of a Pod that is gone the last sight may tell how it ended
}

// judge asks for the verdict on a living slot and acts on it.
func (s *state) judge(sl *slot, o *Observation) {
	switch {
	case o.Waiting != WaitingImage:
		sl.pull = time.Time{}
	case sl.pull.IsZero():
		sl.pull = s.now
	}
	sl.ended = o.Phase.Ended()
	a := attempt{since: sl.since, pull: sl.pull, progress: s.line(sl.event.Template).progress}
	s.apply(sl, o, verdict(s.now, &s.Settings, a, o))
}

func (s *state) apply(sl *slot, o *Observation, d decision) {
	sl.seen = nil
	switch d.action {
	case actWait:
		seen := *o
		sl.seen = &seen
		if !d.until.IsZero() {
			s.alarm(sl, d.until)
		}
	case actRun:
		if !sl.running {
			sl.running = true
			s.write(Progress{s.report(sl, d)})
		}
	case actRetry:
		s.giveUp(sl, d)
	case actEnd:
		s.end(sl, d)
	}
}

// giveUp ends an attempt, and the worker if it was the last one it may have.
func (s *state) giveUp(sl *slot, d decision) {
	if sl.attempt >= s.MaxAttempts {
		d.state = StateFailed
		s.end(sl, d)
		return
	}
	s.occupy(sl, false)
	sl.phase = slotEnding
	s.write(Progress{s.report(sl, d)})
}

// check asks whether a Pod that left our sight is gone: a label that somebody changed is no absence.
func (s *state) check(sl *slot) {
	if s.stopping {
		return
	}
	s.asking++
	s.do(check{PodRef: s.podOf(sl), event: sl.event.EventID, slot: sl.number})
}

// checked handles the answer.
func (s *state) checked(in checked) {
	s.asking--
	e := s.events[in.event]
	if e == nil {
		return // it was seen again meanwhile, and came to its end
	}
	sl := &e.slots[in.slot-1]
	switch {
	case sl.phase != slotChecked || sl.uid != in.UID: // the watch saw it again
	case in.err != nil:
		s.alarm(sl, s.now.Add(time.Second))
	case !in.missing:
		s.alarm(sl, s.now.Add(recheckPause))
	default:
		s.apply(sl, nil, missing(sl))
	}
}

// compare handles a complete observation: what is not in it may be gone.
func (s *state) compare(batch []Observation) {
	there := make(map[PodRef]bool, len(batch))
	for i := range batch {
		there[batch[i].Ref] = true
	}
	for _, q := range s.asked {
		q.pods = slices.DeleteFunc(q.pods, func(o Observation) bool { return !there[o.Ref] })
	}
	for _, name := range slices.Sorted(maps.Keys(s.removals)) {
		if r := s.removals[name]; !there[r.ref] {
			s.away(r)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.events), ID.Compare) {
		e := s.events[id]
		for i := range e.slots {
			if sl := &e.slots[i]; sl.phase == slotLives && !there[s.podOf(sl)] {
				sl.phase = slotChecked
				s.check(sl)
			}
		}
		if !s.listed && e.recorded {
			s.enqueue(e)
		}
	}
	s.listed = true
}

// endOf is when a Pod ended; now, if it does not say.
func (s *state) endOf(o *Observation) time.Time {
	if o.Finished.IsZero() || o.Finished.After(s.now) {
		return s.now
	}
	return o.Finished
}

// stray handles a Pod whose event is not in hand. The record of a closed event is the tombstone of all its Pods. When it
// has expired the mark still says that the event was taken in, and an open event's record does not expire.
func (s *state) stray(o Observation, rec *Record) {
	switch {
	case s.events[o.Event] != nil:
		s.sight(&o)
	case rec != nil && !rec.Closed, rec == nil && (!o.Phase.Ended() || o.Event.Compare(s.before) > 0):
		s.say(slog.LevelWarn, "a Pod of ours has no record, it is left alone",
			"event_id", o.Event.String(), "pod", o.Ref.Name)
	case !o.Phase.Ended():
		s.keep(o.Ref, nil, s.now)
	case o.Phase == PhaseSucceeded:
		s.keep(o.Ref, nil, s.endOf(&o).Add(s.SucceededTTL))
	default:
		s.keep(o.Ref, nil, s.endOf(&o).Add(s.FailedTTL))
	}
}
