package queue

import "time"

// Answer is what the API server said to a POST.
type Answer uint8

// The answers.
const (
	Created   Answer = iota + 1 // or the Pod exists and is ours
	Refused                     // this Pod: denied, invalid
	Quota                       // the namespace's quota is full
	Admission                   // a webhook could not be called: nothing was made
	Unknown                     // 5xx, timeout: the Pod may exist
	Busy                        // 429, no connection: nothing was made
	Denied                      // 401, RBAC, no namespace: nothing was made
	Conflict                    // another owner's Pod has the name
)

// String is the answer as a cause, as in LaneState.
func (a Answer) String() string {
	return [...]string{"none", "created", "refused", "quota", "admission", "unknown", "busy", "denied", "conflict"}[a]
}

// Verdict is what an answer means for its event and its lane.
type Verdict struct {
	FirstRefusal bool // of the event since a Pod of it was created: it has to be recorded
	Expired      bool // it was refused for too long: its slots without a Pod have failed
	Opened       bool // the lane is shut from now on, or
	Closed       bool // no longer
}

// Answer handles what the API server said to a choice's POST. After Created and Unknown the place is the caller's; after
// all others it was given back, and the slot may start again: but after Conflict, or when the event has Expired, the caller
// says so itself, with AddSlots.
func (s *Scheduler) Answer(now time.Time, c Choice, a Answer, message string) Verdict {
	s.tick(now)
	s.answers++
	l, t := c.lane, c.lane.line.template
	var v Verdict
	wasOpen, wasSuspect := l.breaker.open, t.suspect()
	s.changeQueue(l, func() {
		s.permit(c, -1)
		if a != Created && a != Unknown {
			s.takeBack(c)
		}
		s.judge(c, a, message, &v)
		s.noteBreaker(l, wasOpen, &v)
	})
	s.pace(c, a, message, wasOpen)
	if t.suspect() != wasSuspect {
		s.settleTemplate(t)
	}
	s.forget(l)
	return v
}

// takeBack gives a choice's place back. No Pod has ended, so this is no credit.
func (s *Scheduler) takeBack(c Choice) {
	if r := s.places.release(c.Place); r != 0 {
		s.count(r, -1)
	}
}

// judge does what an answer means for the lane and the event.
func (s *Scheduler) judge(c Choice, a Answer, message string, v *Verdict) {
	switch a {
	case Created:
		s.created(c)
	case Refused:
		s.refused(c, message, v)
	case Quota:
		s.quotaFull(c, message, v)
	case Admission:
		s.admissionFailed(c, message, v)
	case Unknown:
		c.lane.failed(s.now, c, a, message)
	case Busy, Denied:
		s.sitOut(c.lane)
	case Conflict:
		return
	}
	if a != Created && a != Unknown && !v.Expired {
		s.startAgain(c)
	}
}

// startAgain puts a choice's slot back.
func (s *Scheduler) startAgain(c Choice) {
	if en := s.entryOf(c); en != nil {
		s.setSlots(c.Ref, int(en.slots)+1)
	}
}

// entryOf is a choice's event; nil: it was removed while the POST was in flight.
func (s *Scheduler) entryOf(c Choice) *entry {
	if en := s.at(c.Ref); en.id == c.id {
		return en
	}
	return nil
}

func (s *Scheduler) created(c Choice) {
	l := c.lane
	l.breaker.succeeded()
	l.window = min(l.window+1, s.limiter.ceiling)
	l.provenAt = s.answers
	l.line.template.lastPod = s.now
	if en := s.entryOf(c); en != nil && en.more != nil {
		en.more.refusedAt, en.more.refusals, en.more.back = 0, 0, 0
		s.settleEvent(c.Ref)
	}
	switch {
	case !l.quota.full || c.Credit:
	case s.credits > 0: // it took a place that was freed
		s.credits--
	case l.quota.grew(s.now, c, s.limiter.ceiling):
		s.leaveQuota(l)
	}
}

// refused sets the event aside. Three events in a row shut the lane: then it is more than the event.
func (s *Scheduler) refused(c Choice, message string, v *Verdict) {
	l, b := c.lane, &c.lane.breaker
	l.refusal = message
	if en := s.entryOf(c); en != nil {
		s.noteRefusal(en, l, v)
		v.Expired = s.overdue(en, l)
		s.setAside(c.Ref)
	}
	l.window = 1
	if b.open && !c.Trial { // it was sent before
		return
	}
	if b.open && b.cause != Refused { // what shut it is over
		b.passed()
	}
	if b.refusedEvent(c.Ref); b.open || b.refused >= refusalsToOpen {
		b.shut(s.now, Refused, message, refusedPause, maxRefusedPause)
		if s.since(b.refusing) >= s.timeout {
			b.until = s.now.add(sweepPause)
		}
	}
}

// quotaFull makes the lane wait for credits. The quota comes last of all that may refuse a Pod, so a lane that meets it is
// healthy otherwise. Only a quota that lets no Pod of the template live is a refusal.
func (s *Scheduler) quotaFull(c Choice, message string, v *Verdict) {
	l, t := c.lane, c.lane.line.template
	l.breaker.passed()
	l.provenAt = s.answers
	if en := s.entryOf(c); en != nil && t.pods() <= 0 {
		s.noteRefusal(en, l, v)
		if v.Expired = s.overdue(en, l) && (t.lastPod == 0 || s.now >= t.lastPod.add(s.timeout)); v.Expired {
			s.setAside(c.Ref)
		}
	}
	if l.quota.exceeded(s.now, c, s.posts, message) {
		s.fullLanes++
	}
}

// admissionFailed shuts the lane at once, and starts the clock of the event: nothing was made, and whoever waits for a webhook
// that is down for long wants to know.
func (s *Scheduler) admissionFailed(c Choice, message string, v *Verdict) {
	if en := s.entryOf(c); en != nil {
		s.noteRefusal(en, c.lane, v)
		v.Expired = s.overdue(en, c.lane)
	}
	c.lane.failed(s.now, c, Admission, message)
}

// failed shuts the lane at once; answers to POSTs that were sent before that change nothing.
func (l *lane) failed(now instant, c Choice, a Answer, message string) {
	l.window = 1
	if !l.breaker.open || c.Trial {
		l.breaker.shut(now, a, message, failedPause, maxFailedPause)
	}
}

// noteRefusal starts the clocks of an event and of its lane, unless they run.
func (s *Scheduler) noteRefusal(en *entry, l *lane, v *Verdict) {
	if more := en.rare(); more.refusedAt == 0 {
		more.refusedAt, v.FirstRefusal = s.wall, true
	}
	l.breaker.noteRefusal(s.wall)
}

// overdue reports whether an event that was just refused has been for too long: itself, or its lane ever since it was accepted.
func (s *Scheduler) overdue(en *entry, l *lane) bool {
	return s.since(en.more.refusedAt) >= s.timeout ||
		s.since(en.accepted) >= s.timeout && s.since(l.breaker.refusing) >= s.timeout
}

// since is how long ago a recorded moment was.
func (s *Scheduler) since(ms int64) time.Duration { return time.Duration(s.wall-ms) * time.Millisecond }

// setAside lets an event wait before its next try, longer each time. Of slots that were refused together the first counts.
func (s *Scheduler) setAside(r Ref) {
	more := s.at(r).rare()
	if more.back != 0 {
		return
	}
	more.back = s.now.add(min(refusedPause<<min(more.refusals, 8), maxRefusedPause))
	more.refusals++
	s.settleEvent(r)
}

// noteBreaker counts the open lanes of a template.
func (s *Scheduler) noteBreaker(l *lane, wasOpen bool, v *Verdict) {
	t := l.line.template
	v.Opened, v.Closed = l.breaker.open && !wasOpen, wasOpen && !l.breaker.open
	switch {
	case v.Opened:
		if t.openLanes++; t.openLanes == 1 {
			t.suspectAt = s.answers
		}
	case v.Closed:
		t.openLanes--
	}
}

// pace does what an answer means for the API server.
func (s *Scheduler) pace(c Choice, a Answer, message string, wasOpen bool) {
	switch a {
	case Unknown:
		if !wasOpen && !c.Trial { // it is the API server rather than the lane
			s.limiter.cut(c.post, s.posts)
		}
		return
	case Busy:
		s.limiter.cut(c.post, s.posts)
		s.rest.extend(s.now, c, s.posts, a, message)
		return
	case Denied:
		s.rest.extend(s.now, c, s.posts, a, message)
		return
	case Created:
		s.limiter.succeeded()
	}
	if s.rest.on() {
		s.rest = rest{}
		s.standUp()
	}
}

// settleTemplate puts all lanes of a template where they belong: it became suspect, or is no longer.
func (s *Scheduler) settleTemplate(t *template) {
	for _, ln := range t.lines {
		for _, l := range ln.lanes {
			s.changeLane(l, func() {})
		}
	}
}
