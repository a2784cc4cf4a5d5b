package worker

import (
	"errors"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
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
	if o.Event.IsZero() {
		s.unreadable(o.Ref)
		return
	}
	if r := s.removals[o.Ref.Name]; r != nil && r.ref.UID == o.Ref.UID {
		s.leavingPod(r, o)
		return
	}
	e := s.inHandOrWaiting(o.Event)
	switch {
	case e == nil && s.orphans[o.Event] != nil:
		s.seeOrphan(o)
	case e == nil && o.Gone:
		if q := s.asked[o.Event]; q != nil {
			q.pods = slices.DeleteFunc(q.pods, func(p Observation) bool { return p.Ref == o.Ref })
		}
	case e == nil:
		if q := s.ask(o.Event); q.answered {
			s.stray(*o, q)
		} else {
			q.pods = append(q.pods, *o)
		}
	case o.Slot < 1 || o.Slot > len(e.slots):
		s.say(slog.LevelWarn, "a Pod claims a slot that its event does not have, it is left alone", "pod", o.Ref.Name)
	case o.Attempt < e.slots[o.Slot-1].attempt && !o.Gone:
		s.keep(o.Ref, o.Event, s.endOf(o).Add(s.FailedTTL), !o.Phase.Ended())
	case o.Attempt == e.slots[o.Slot-1].attempt, e.slots[o.Slot-1].outcome != nil:
		s.look(&e.slots[o.Slot-1], o)
	}
}

// unreadable handles a Pod that does not say any more whose it is: somebody edited its annotations. If it is one of ours,
// its UID says so, and what became of it is learnt by asking; if it is somebody else's, it is none of our business.
func (s *state) unreadable(ref PodRef) {
	for _, e := range s.events {
		for i := range e.slots {
			if sl := &e.slots[i]; sl.phase == slotLives && s.podOf(sl) == ref {
				sl.phase = slotChecked
				s.check(sl)
				return
			}
		}
	}
}

// leavingPod handles what was seen of a Pod that is to be deleted. A victim's outcome may still be in what is seen.
func (s *state) leavingPod(r *removal, o *Observation) {
	if sl := r.doomed; sl != nil && sl.phase < slotEnding {
		s.follow(sl, o)
		return
	}
	if o.Gone {
		s.away(r)
	}
}

// look takes in what was seen of a slot's Pod.
func (s *state) look(sl *slot, o *Observation) {
	switch sl.phase {
	case slotCreating:
		sl.seen = copied(o) // until the reply says that it is ours
	case slotWaits:
		sl.seen = copied(o)
		if s.listed && sl.event.recorded {
			s.claim(sl.event)
		}
	case slotPauses, slotAgain:
		s.line(sl.event.Template).drop(sl)
		s.alive(sl, o.Ref.UID)
		s.look(sl, o)
	case slotLives, slotChecked:
		if sl.uid == "" { // a victim whose POST was never answered
			s.alive(sl, o.Ref.UID)
			s.look(sl, o)
			return
		}
		s.follow(sl, o)
	case slotEnding:
		if o.Ref.UID != sl.uid {
			sl.seen = copied(o) // until the outcome is recorded
		}
	case slotEnded:
		s.late(sl, o)
	}
}

func copied(o *Observation) *Observation {
	c := *o
	return &c
}

// late handles a Pod whose worker's outcome is recorded: in an earlier term, or although its POST was given up. That one
// goes at once.
func (s *state) late(sl *slot, o *Observation) {
	switch {
	case o.Gone:
	case o.Ref.UID == sl.uid:
		s.keep(o.Ref, o.Event, s.keepUntil(sl, o.Phase.Ended()), !o.Phase.Ended())
	default:
		s.say(slog.LevelWarn, "a Pod came after its worker's outcome, it is deleted",
			"event_id", sl.event.EventID.String(), "pod", o.Ref.Name)
		s.keep(o.Ref, o.Event, s.now, !o.Phase.Ended())
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
	sl.protected = o.Protected
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
		s.watchOut(sl, o, d)
	case actRun:
		if !sl.running {
			sl.running = true
			r := s.report(sl, d)
			r.Began, sl.since = sl.since, s.now
			s.write(Progress{r})
		}
		s.watchOut(sl, o, d)
	case actRetry:
		s.giveUp(sl, d)
	case actEnd:
		s.end(sl, d)
	}
}

// watchOut judges again what was seen when time alone has changed what it means.
func (s *state) watchOut(sl *slot, o *Observation, d decision) {
	if !d.until.IsZero() {
		sl.seen = copied(o)
		s.alarm(sl, d.until)
	}
}

// giveUp ends an attempt, and the worker if it was the last one it may have.
func (s *state) giveUp(sl *slot, d decision) {
	if sl.attempt >= s.MaxAttempts || sl.doom != nil {
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
	if in.slot == 0 {
		s.identified(in)
		return
	}
	e := s.events[in.event]
	if e == nil {
		return // it was seen again meanwhile, and came to its end
	}
	sl := &e.slots[in.slot-1]
	switch {
	case sl.phase != slotChecked || sl.uid != in.UID: // the watch saw it again
	case errors.Is(in.err, ErrNameConflict), in.err == nil && in.pod == nil:
		sl.absent = true
		s.apply(sl, nil, missing(sl))
	case in.err != nil:
		sl.tries++
		s.alarm(sl, s.now.Add(retry.Backoff(sl.tries, recheckPause)))
	case sl.uid == "": // a doomed one, whose POST was never answered
		s.alive(sl, in.pod.Ref.UID)
		s.look(sl, in.pod)
	default:
		s.stillThere(sl, in.pod)
	}
}

// stillThere handles a Pod that the watch does not show any more, and that is there: somebody edited its labels. Nothing
// happens to it, and its end is learnt by asking.
func (s *state) stillThere(sl *slot, o *Observation) {
	sl.tries = 0
	s.follow(sl, o)
	if sl.phase == slotLives {
		sl.phase = slotChecked
		s.alarm(sl, s.now.Add(recheckPause))
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
	for id, orph := range s.orphans {
		orph.pods = slices.DeleteFunc(orph.pods, func(o Observation) bool { return !there[o.Ref] })
		if len(orph.pods) == 0 {
			delete(s.orphans, id)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.removals)) {
		if r := s.removals[name]; r != nil && r.doomed == nil && !there[r.ref] {
			s.away(r)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(s.events), event.ID.Compare) {
		e := s.events[id]
		for i := range e.slots {
			if sl := &e.slots[i]; sl.phase == slotLives && !there[s.podOf(sl)] {
				sl.phase = slotChecked
				s.check(sl)
			}
		}
	}
	if !s.listed {
		s.listed = true
		s.beginAll()
	}
}

// beginAll lets the events of earlier terms act: the first complete observation has shown which Pods there are. What a
// scale_down takes is of lower events, so these come first.
func (s *state) beginAll() {
	for _, id := range slices.SortedFunc(maps.Keys(s.events), event.ID.Compare) {
		if e := s.events[id]; e != nil && e.recorded && !e.closing {
			s.begin(e)
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

// stray handles a Pod whose event is not in hand. The record of a closed event is the tombstone of all its Pods. When it
// has expired the mark still says that the event was taken in, and an open event's record does not expire.
func (s *state) stray(o Observation, q *question) {
	rec := q.record
	switch {
	case s.inHandOrWaiting(o.Event) != nil:
		s.sight(&o)
	case q.unreadable, rec != nil && !rec.Closed:
		s.say(slog.LevelWarn, "the event of a Pod of ours is not in hand, the Pod is left alone",
			"event_id", o.Event.String(), "pod", o.Ref.Name)
	case rec == nil && (!o.Phase.Ended() || o.Event.Compare(s.before) > 0):
		s.orphan(o)
	case !o.Phase.Ended():
		s.keep(o.Ref, o.Event, s.now, true)
	case o.Phase == PhaseSucceeded:
		s.keep(o.Ref, o.Event, s.endOf(&o).Add(s.SucceededTTL), false)
	default:
		s.keep(o.Ref, o.Event, s.endOf(&o).Add(s.FailedTTL), false)
	}
}
