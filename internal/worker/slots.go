package worker

import (
	"errors"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"log/slog"
	"time"
)

// slotPhase is where a slot stands.
type slotPhase uint8

const (
	slotWaits    slotPhase = iota // no Pod was asked for yet, or not for this attempt
	slotCreating                  // a POST is in flight
	slotPauses                    // until wake, then it is queued again
	slotAgain                     // queued again, in its line's again
	slotLives                     // its Pod exists, as far as we know
	slotChecked                   // its Pod left our sight: we are asking
	slotEnding                    // its outcome, or the end of this attempt, is being written
	slotEnded                     // its outcome is committed
)

// slot is one of the N places of an event and the worker in it.
type slot struct {
	event   *trackedEvent
	number  int // 1..
	attempt int // 1..
	tries   int // POSTs of this attempt that did not succeed
	phase   slotPhase

	occupies  bool // counted in state.live: it has, or may have, a Pod
	unsure    bool // a reply to a POST of this attempt was lost
	marked    bool // its first mark, or its outcome, is committed or on its way
	running   bool // recorded as running
	deleting  bool // somebody else's deletion was seen
	unbound   bool // the watch showed its deletion, and that it was on no node
	protected bool // its owner wants no scale_down to take it
	ended     bool // no container of its Pod will run any more
	absent    bool // the API server itself said that its Pod is gone
	uid       string
	node      string
	doom      *trackedEvent // the scale_down that chose it: never created again, never retried
	outcome   *SlotRecord   // once it has one

	since time.Time    // when its Pod was created, then when it ran; while its name is taken, when that began; at the end, when that was
	pull  time.Time    // since when its image cannot be pulled
	seen  *Observation // the last one, as long as time alone may change what it means
	wake  time.Time
}

// startable: nothing was tried for it, and it is not doomed.
func (sl *slot) startable() bool { return sl.phase == slotWaits && sl.doom == nil }

func (s *state) podOf(sl *slot) PodRef {
	return PodRef{Name: s.Names.Pod(sl.event.EventID, sl.number, sl.attempt), UID: sl.uid}
}

// occupy counts a slot in or out of room.
func (s *state) occupy(sl *slot, yes bool) {
	if sl.occupies == yes {
		return
	}
	sl.occupies = yes
	if yes {
		s.live++
	} else {
		s.live--
	}
}

// start asks for a slot's Pod.
func (s *state) start(sl *slot) {
	s.occupy(sl, true)
	sl.phase = slotCreating
	s.creating++
	s.do(create{PodSpec{Name: s.podOf(sl).Name, Event: &sl.event.Event, Slot: sl.number, Attempt: sl.attempt}})
}

// created handles the reply to a create.
func (s *state) created(in created) {
	s.creating--
	sl := &s.events[in.Event.EventID].slots[in.Slot-1]
	l := s.line(sl.event.Template)
	if in.err != nil && !errors.Is(in.err, ErrExists) {
		s.notCreated(sl, l, in.err)
		return
	}
	s.answered()
	s.unpark(l)
	unseen := sl.seen == nil
	s.alive(sl, in.uid)
	if in.err != nil && unseen && sl.phase == slotLives { // it may have ended before we knew that it is ours
		sl.phase = slotChecked
		s.check(sl)
	}
}

// notCreated decides when to try again.
func (s *state) notCreated(sl *slot, l *line, err error) {
	sl.tries++
	l.probing = false
	switch {
	case errors.Is(err, ErrRefused):
		s.answered()
		s.park(l, text.Ellipsis(err.Error(), maxMessage))
		s.pause(sl, 0)
	case errors.Is(err, ErrNameConflict):
		s.answered()
		s.unpark(l)
		s.taken(sl)
	default:
		sl.unsure = sl.unsure || !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrForbidden)
		s.slow(err)
		s.pause(sl, retry.Backoff(sl.tries, 10*time.Second))
	}
}

// taken handles a name that a foreign Pod has: it may go away.
func (s *state) taken(sl *slot) {
	if sl.since.IsZero() {
		sl.since = s.now
		s.say(slog.LevelWarn, "a Pod that is not ours has the worker's name, trying again",
			"event_id", sl.event.EventID.String(), "worker", s.podOf(sl).Name)
	}
	if s.now.Sub(sl.since) < s.PendingTimeout {
		s.pause(sl, retry.Backoff(sl.tries, 10*time.Second))
		return
	}
	s.end(sl, decision{state: StateFailed, reason: "NameTaken", message: "a Pod that is not ours has the name " + s.podOf(sl).Name})
}

// slow lets everything rest after an answer that is no fault of one slot.
func (s *state) slow(err error) {
	if s.trouble.tries == 0 {
		s.say(slog.LevelWarn, "creating Pods failed, trying again", "error", err)
	}
	s.trouble.hit(s.now)
}

// answered ends the rest that slow began.
func (s *state) answered() {
	if s.trouble.tries > 0 {
		s.say(slog.LevelInfo, "the API server takes Pods again")
	}
	s.trouble = trouble{}
}

// pause tries a slot's POST again after a while. Its place in room is kept only if there may be a Pod: once a reply
// was lost, a later refusal does not prove that there is none.
func (s *state) pause(sl *slot, d time.Duration) {
	if sl.seen != nil { // an earlier POST of ours has arrived
		s.alive(sl, sl.seen.Ref.UID)
		return
	}
	s.occupy(sl, sl.unsure)
	sl.phase = slotPauses
	if sl.doom == nil {
		s.alarm(sl, s.now.Add(d))
		return
	}
	s.cull(sl)
}

func (s *state) alarm(sl *slot, at time.Time) {
	sl.wake = at
	s.timers.set(timer{at: at, slot: sl})
}

// wake handles a slot whose time has come.
func (s *state) wake(sl *slot) {
	sl.wake = time.Time{}
	switch sl.phase {
	case slotPauses:
		if sl.doom == nil {
			sl.phase = slotAgain
			s.line(sl.event.Template).enter(sl)
		}
	case slotLives:
		if sl.seen != nil {
			s.judge(sl, sl.seen)
		}
	case slotChecked:
		s.check(sl)
	}
}

// alive records that a slot's Pod exists, and takes in what the watch said of it before we knew.
func (s *state) alive(sl *slot, uid string) {
	s.occupy(sl, true)
	sl.phase, sl.uid, sl.since, sl.unsure = slotLives, uid, s.now, false
	r := s.report(sl, decision{state: StateCreated})
	if sl.attempt == 1 {
		r.Began = sl.event.acceptedAt
	}
	s.write(Progress{r})
	s.mark(sl)
	if o := sl.seen; o != nil {
		sl.seen = nil
		s.look(sl, o)
	}
	s.cull(sl)
}

// mark counts a slot as marked; when it was the last one, the event settles.
func (s *state) mark(sl *slot) {
	e := sl.event
	if !sl.marked {
		sl.marked = true
		e.marked++
	}
	s.settle(e)
}

func (s *state) settle(e *trackedEvent) {
	if e.marked == len(e.slots) && !e.settling {
		e.settling = true
		s.write(Settle{ID: e.EventID, TaskID: e.TaskID(), At: s.now})
	}
}

// end gives a worker its outcome. A Pod that may still run keeps its place in room until it is gone.
func (s *state) end(sl *slot, d decision) {
	if sl.doom != nil && d.state == StateFailed { // most likely by our own SIGTERM
		code := d.exitCode
		d = takenAway(sl)
		d.exitCode = code
	}
	r := s.report(sl, d)
	if sl.running {
		r.Began = sl.since
	}
	if sl.uid == "" || sl.ended || sl.absent || d.reason == reasonNodeLost {
		s.occupy(sl, false)
	}
	sl.phase, sl.since, sl.seen, sl.outcome = slotEnding, s.now, nil, r.record()
	sl.event.counts.add(d.state, 1)
	if sl.doom != nil {
		r.SelectedBy = sl.doom.EventID
		sl.doom.counts.add(d.state, 1)
		sl.doom.due--
	}
	s.write(Outcome{r})
	s.mark(sl)
	s.close(sl.event)
	if sl.doom != nil {
		s.close(sl.doom)
	}
	s.probeSoon()
}

// close ends an event of which no outcome is missing.
func (s *state) close(e *trackedEvent) {
	open := e.counts.total() < len(e.slots)
	if e.Type == event.ScaleDown {
		open = !e.settling || e.due > 0
	}
	if open || e.closing {
		return
	}
	e.closing = true
	s.write(Close{
		ID: e.EventID, TaskID: e.TaskID(), IdempotencyKey: e.IdempotencyKey, Slots: len(e.slots),
		Counts: e.counts, At: s.now,
	})
}

func (s *state) report(sl *slot, d decision) Report {
	e := sl.event
	return Report{
		ID: e.EventID, TaskID: e.TaskID(), Worker: s.Names.Worker(e.EventID, sl.number), Slot: sl.number,
		Attempt: sl.attempt, State: d.state, UID: sl.uid, Node: sl.node, Reason: d.reason, Message: d.message,
		ExitCode: d.exitCode, At: s.now,
	}
}

// record is what the record keeps of a report.
func (r Report) record() *SlotRecord {
	return &SlotRecord{
		Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason, ExitCode: r.ExitCode, At: r.At,
	}
}

func (c *Counts) add(outcome State, n int) {
	switch outcome {
	case StateSucceeded:
		c.Succeeded += n
	case StateFailed:
		c.Failed += n
	case StateCancelled:
		c.Cancelled += n
	case StateLost:
		c.Lost += n
	}
}

func (c Counts) total() int { return c.Succeeded + c.Failed + c.Cancelled + c.Lost }
