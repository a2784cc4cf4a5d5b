package worker

import (
	"errors"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/retry"
)

// recheckInterval is how often a Pod is asked for that the watch does not show although it exists.
const recheckInterval = 30 * time.Second

// follow handles what was seen of the Pod of an active slot.
func (s *state) follow(sl *slot, o *Observation) {
	if o.Ref.UID != sl.uid {
		return
	}
	if sl.node == "" && o.Node != "" {
		sl.node = o.Node
		if o.Scheduled.IsZero() {
			s.noteScheduled(sl.event.Template, s.now)
		}
	}
	sl.deleting = sl.deleting || !o.Deleting.IsZero()
	sl.protected, sl.disruption = o.Protected, disruption(o)
	sl.times.note(o)
	s.noteRan(sl, o)
	if o.Gone && !o.Phase.Ended() && !o.MainEnded {
		sl.unbound = o.Node == ""
		s.verify(sl)
		return
	}
	sl.phase = slotActive
	s.evaluate(sl, o) // of a Pod that is gone the last observation may say how it ended
}

// evaluate acts on the verdict on an active slot.
func (s *state) evaluate(sl *slot, o *Observation) {
	s.setClocks(sl, o)
	sl.ended = o.Phase.Ended()
	s.apply(sl, o, verdict(s.now, &s.Settings, attempt{
		since: later(sl.since, sl.ungatedAt), lastScheduled: s.clocks.scheduled[sl.event.Template],
		pullingSince: sl.pullingSince, mainEnded: sl.mainEndedAt, ran: sl.ran || sl.running,
	}, o))
}

func (s *state) apply(sl *slot, o *Observation, d decision) {
	sl.seen = nil
	switch d.action {
	case actWait:
		s.evaluateAt(sl, o, d)
	case actRun:
		if !sl.running {
			sl.running = true
			r := s.report(sl, d)
			r.Began, sl.since = sl.since, s.now
			s.write(Progress{r})
		}
		s.evaluateAt(sl, o, d)
	case actAsk:
		s.verify(sl)
	case actRetry:
		s.retryOrFail(sl, d)
	case actEnd:
		s.end(sl, d)
	}
}

// evaluateAt evaluates again what was seen when time alone has changed what it means.
func (s *state) evaluateAt(sl *slot, o *Observation, d decision) {
	if !d.reviewAt.IsZero() {
		sl.seen = copyOf(o)
		s.wakeAt(sl, d.reviewAt)
	}
}

// verify asks the API server for a Pod that the watch does not show any more, since a changed label is no absence, or of which
// the watch does not say enough.
func (s *state) verify(sl *slot) {
	sl.phase = slotUnverified
	s.check(sl)
}

func (s *state) check(sl *slot) {
	if s.stopping {
		return
	}
	s.requests.add(check{PodRef: s.podOf(sl), event: sl.event.EventID, slot: sl.number})
}

// checked handles the answer.
func (s *state) checked(in checked) {
	s.requests.answered()
	if in.slot == 0 {
		s.originRead(in)
		return
	}
	e := s.events[in.event]
	if e == nil {
		return // it was seen again meanwhile, and came to its end
	}
	sl := &e.slots[in.slot-1]
	switch {
	case sl.phase == slotAmbiguous && in.UID == "":
		s.ambiguousChecked(sl, in)
	case sl.phase != slotUnverified || sl.uid != in.UID: // the watch saw it again
	case errors.Is(in.err, ErrNameConflict), in.err == nil && in.pod == nil:
		sl.absent = true
		s.apply(sl, nil, verdictMissing(sl))
	case in.err != nil:
		sl.tries++
		s.wakeAt(sl, s.now.Add(retry.Backoff(sl.tries, recheckInterval)))
	default:
		s.handleHiddenPod(sl, in.pod)
	}
}

// handleHiddenPod handles a Pod that the watch does not show (any more) and that exists: somebody, or admission, edited its
// labels. Nothing happens to it, and its end is found by asking. Or it was asked for because it does not start.
func (s *state) handleHiddenPod(sl *slot, o *Observation) {
	sl.tries, sl.unbound, o.Asked = 0, false, true // it exists: what the watch has shown was no deletion
	s.follow(sl, o)
	if sl.phase == slotActive {
		sl.phase = slotUnverified
		s.wakeAt(sl, s.now.Add(recheckInterval))
	}
}
