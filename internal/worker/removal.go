package worker

import (
	"errors"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"log/slog"
	"time"
)

// removalPhase is where the removal of a Pod stands.
type removalPhase uint8

const (
	removalWaits removalPhase = iota // until at: its TTL, or the pause before another DELETE
	removalDue                       // for a place in flight
	removalSent                      // a DELETE is in flight
)

// goneTimeout is how long after a DELETE the watch may take to say that the Pod is gone, before it is sent again: a Pod
// whose labels were edited goes unseen.
const goneTimeout = 5 * time.Minute

// removal is a Pod whose worker's outcome (or the end of whose attempt) is recorded: kept for its TTL, then deleted.
type removal struct {
	ref    PodRef
	of     event.ID      // the event of the Pod,
	event  *trackedEvent // which need not be in hand: nil
	doomed *slot         // not nil: a victim's, whose outcome follows when its Pod has ended or is gone
	holds  bool          // counted in state.live: it may still run
	phase  removalPhase
	at     time.Time
	tries  int // DELETEs that failed
	taken  int // DELETEs that were accepted
}

// keep plans the removal of a Pod. Called only when the record that allows it is committed.
func (s *state) keep(ref PodRef, of event.ID, until time.Time, holds bool) *removal {
	r := s.removals[ref.Name]
	if r == nil {
		r = &removal{ref: ref, of: of, event: s.events[of], at: until}
		s.removals[ref.Name] = r
		if r.event != nil {
			r.event.pods++
		}
		s.timers.set(timer{at: until, removal: r})
	}
	s.hold(r, holds)
	return r
}

// hold counts a removal in or out of room.
func (s *state) hold(r *removal, yes bool) {
	if r.holds == yes {
		return
	}
	r.holds = yes
	if yes {
		s.live++
	} else {
		s.live--
	}
}

// keepUntil is when the Pod of an ended worker goes. One that never ended by itself goes at once: it holds resources.
func (s *state) keepUntil(sl *slot, ended bool) time.Time {
	switch {
	case !ended:
		return s.now
	case sl.outcome.State == StateSucceeded:
		return sl.since.Add(s.SucceededTTL)
	}
	return sl.since.Add(s.FailedTTL)
}

// clean sends what is due.
func (s *state) clean() {
	for !s.stopping && len(s.due) > 0 && s.removing < s.DeleteConcurrency {
		r := s.due[0]
		s.due[0] = nil
		s.due = s.due[1:]
		if s.removals[r.ref.Name] != r {
			continue // it vanished meanwhile
		}
		r.phase = removalSent
		s.removing++
		s.do(remove{r.ref})
	}
}

// removed handles the reply to a remove.
func (s *state) removed(in removed) {
	s.removing--
	r := s.removals[in.Name]
	if r == nil || r.ref != in.PodRef {
		return // the watch was faster
	}
	switch {
	case errors.Is(in.err, ErrGone):
		s.away(r)
	case in.err == nil:
		r.taken++
		s.hold(r, r.holds && r.taken == 1) // a Pod on a lost node must not hold its place for ever
		s.postpone(r, goneTimeout)
	default:
		if r.tries == 0 {
			s.say(slog.LevelWarn, "deleting a Pod failed, trying again", "pod", r.ref.Name, "error", in.err)
		}
		r.tries++
		s.postpone(r, retry.Backoff(r.tries, 30*time.Second))
	}
}

func (s *state) postpone(r *removal, d time.Duration) {
	r.phase, r.at = removalWaits, s.now.Add(d)
	s.timers.set(timer{at: r.at, removal: r})
}

// away forgets a Pod that is gone, and its event with the last one.
func (s *state) away(r *removal) {
	s.forget(r.ref)
	if sl := r.doomed; sl != nil && sl.phase < slotEnding {
		sl.absent = true
		s.apply(sl, nil, missing(sl))
	}
	s.probeSoon()
}

// forget takes the removal of a Pod off, if there is one.
func (s *state) forget(ref PodRef) {
	r := s.removals[ref.Name]
	if r == nil || r.ref != ref {
		return
	}
	delete(s.removals, ref.Name)
	s.hold(r, false)
	if r.event != nil {
		r.event.pods--
		s.drop(r.event)
	}
}

// drop forgets an event that is closed and whose Pods are gone.
func (s *state) drop(e *trackedEvent) {
	if e.closed && e.pods == 0 {
		delete(s.events, e.EventID)
	}
}
