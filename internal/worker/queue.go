package worker

import (
	"log/slog"
	"slices"
	"time"
)

// probePause is how long a parked template waits between two tries.
const probePause = 5 * time.Second

// line is the queue of one template: the events that still have slots to start, in stream order, and the slots that
// start again. When the API server refuses its Pods the line is parked: the fault is the operator's, and mended for
// the template as a whole.
type line struct {
	template string
	waiting  []*event // head first; sorted by ID
	again    []*slot  // whose backoff is over, oldest first

	parkedSince time.Time // zero: not parked
	probeAt     time.Time // the next try while parked
	probing     bool      // it is in flight
	words       string    // what the API server said

	progress time.Time // when a Pod of the template was last seen to be scheduled
}

func (l *line) len() int { return len(l.waiting) }

func (l *line) wake() time.Time {
	if l.parkedSince.IsZero() || l.probing {
		return time.Time{}
	}
	return l.probeAt
}

// ready reports whether the line has something to start at that time.
func (l *line) ready(now time.Time) bool {
	if len(l.waiting) == 0 && len(l.again) == 0 {
		return false
	}
	return l.parkedSince.IsZero() || !l.probing && !now.Before(l.probeAt)
}

// occupied reports whether what starts next has its place in room already.
func (l *line) occupied() bool { return len(l.again) > 0 && l.again[0].occupies }

// head orders lines among each other: what starts again first, then stream order.
func (l *line) head() ID {
	if len(l.again) > 0 {
		return ID{}
	}
	return l.waiting[0].EventID
}

// enter queues a slot that starts again. Those that have their place in room go first: the others may wait for that place.
func (l *line) enter(sl *slot) {
	at := slices.IndexFunc(l.again, func(other *slot) bool { return !other.occupies })
	if at < 0 || !sl.occupies {
		at = len(l.again)
	}
	l.again = slices.Insert(l.again, at, sl)
}

// drop takes a slot off that needs no POST any more.
func (l *line) drop(sl *slot) {
	l.again = slices.DeleteFunc(l.again, func(other *slot) bool { return other == sl })
}

// add queues an event's slots from the next one on, as a range.
func (l *line) add(e *event) {
	at, _ := slices.BinarySearchFunc(l.waiting, e, func(a, b *event) int { return a.EventID.Compare(b.EventID) })
	l.waiting = slices.Insert(l.waiting, at, e)
}

// take returns the slot to start next.
func (l *line) take() *slot {
	if len(l.again) > 0 {
		sl := l.again[0]
		l.again = l.again[1:]
		return sl
	}
	return l.takeWaiting()
}

func (l *line) takeWaiting() *slot {
	e := l.waiting[0]
	sl := &e.slots[e.started]
	e.started++
	e.skip()
	if e.started == len(e.slots) {
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
	}
	return sl
}

func (s *state) line(template string) *line {
	l := s.lines[template]
	if l == nil {
		l = &line{template: template}
		s.lines[template] = l
		s.order = append(s.order, template)
		slices.Sort(s.order)
	}
	return l
}

// skip moves the range of slots to start past those that are under way already.
func (e *event) skip() {
	for e.started < len(e.slots) && e.slots[e.started].phase != slotWaits {
		e.started++
	}
}

// enqueue queues the slots of e that nothing was ever tried for. A slot whose Pod the watch shows already needs no
// POST: we died between the create and its mark.
func (s *state) enqueue(e *event) {
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaits && sl.seen != nil && !sl.seen.Gone {
			s.alive(sl, sl.seen.Ref.UID)
		}
	}
	e.skip()
	if e.started < len(e.slots) {
		s.line(e.Template).add(e)
	}
}

// fill starts Pods while there is room, an API server that answers, and something to start.
func (s *state) fill() {
	for s.listed && !s.stopping && s.creating < s.trouble.limit(s.now, s.CreateConcurrency) {
		l := s.firstReady()
		if l == nil {
			return
		}
		s.start(l.take())
		l.probing = !l.parkedSince.IsZero()
	}
}

func (s *state) firstReady() *line {
	var first *line
	for _, name := range s.order {
		l := s.lines[name]
		if !l.ready(s.now) || s.live >= s.MaxWorkers && !l.occupied() {
			continue
		}
		if first == nil || l.head().Compare(first.head()) < 0 {
			first = l
		}
	}
	return first
}

// park stops the line of a template whose Pods the API server refuses.
func (s *state) park(l *line, words string) {
	if l.parkedSince.IsZero() {
		l.parkedSince = s.now
		s.say(slog.LevelWarn, "the API server refuses the template's Pods, trying again every five seconds",
			"template", l.template, "refusal", words)
	}
	l.words, l.probing, l.probeAt = words, false, s.now.Add(probePause)
}

func (s *state) unpark(l *line) {
	if !l.parkedSince.IsZero() {
		s.say(slog.LevelInfo, "the API server takes the template's Pods again", "template", l.template)
	}
	l.parkedSince, l.probing, l.words = time.Time{}, false, ""
}

// expire fails the slots that never got a Pod for the whole timeout of parking.
func (s *state) expire(l *line) {
	if l.parkedSince.IsZero() || s.now.Sub(l.parkedSince) < s.PendingTimeout {
		return
	}
	overdue := func(e *event) bool { return s.now.Sub(e.acceptedAt) >= s.PendingTimeout }
	for len(l.waiting) > 0 && overdue(l.waiting[0]) {
		s.refused(l.takeWaiting(), l.words)
	}
	l.again = slices.DeleteFunc(l.again, func(sl *slot) bool {
		if sl.occupies || sl.attempt > 1 || !overdue(sl.event) {
			return false
		}
		s.refused(sl, l.words)
		return true
	})
}

func (s *state) refused(sl *slot, words string) {
	s.end(sl, decision{state: StateFailed, reason: "Refused", message: words})
}

// trouble is what the API server's state allows: after an answer that tells us to slow down nothing is sent for a
// while, then one request, and after its success as many as are allowed.
type trouble struct {
	tries int
	until time.Time
}

func (t *trouble) limit(now time.Time, all int) int {
	switch {
	case t.tries == 0:
		return all
	case now.Before(t.until):
		return 0
	}
	return 1
}

func (t *trouble) hit(now time.Time) {
	if now.Before(t.until) {
		return // one of those in flight together
	}
	t.tries++
	t.until = now.Add(backoff(t.tries, 10*time.Second))
}
