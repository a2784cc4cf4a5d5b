package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
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
	waiting  []parcel        // of which nothing is under way; sorted by ID
	opened   []*trackedEvent // of which something is, or was; sorted by ID
	again    []*slot         // whose backoff is over, oldest first

	parkedSince time.Time // zero: not parked
	probeAt     time.Time // the next try while parked
	probing     bool      // it is in flight
	words       string    // what the API server said

	progress time.Time // when a Pod of the template was last seen to be scheduled
}

func (l *line) len() int { return len(l.waiting) + len(l.opened) }

func (l *line) wake() time.Time {
	if l.parkedSince.IsZero() || l.probing {
		return time.Time{}
	}
	return l.probeAt
}

// ready reports whether the line has something to start at that time.
func (l *line) ready(now time.Time) bool {
	if l.len() == 0 && len(l.again) == 0 {
		return false
	}
	return l.parkedSince.IsZero() || !l.probing && !now.Before(l.probeAt)
}

// occupied reports whether what starts next has its place in room already.
func (l *line) occupied() bool { return len(l.again) > 0 && l.again[0].occupies }

// head orders lines among each other: what starts again first, then stream order.
func (l *line) head() event.ID {
	switch {
	case len(l.again) > 0:
		return event.ID{}
	case l.parcelFirst():
		return l.waiting[0].id
	}
	return l.opened[0].EventID
}

// parcelFirst reports whether the next slot is one of an event that waits unopened.
func (l *line) parcelFirst() bool {
	return len(l.waiting) > 0 && (len(l.opened) == 0 || l.waiting[0].id.Compare(l.opened[0].EventID) < 0)
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
func (l *line) add(e *trackedEvent) {
	if e.queued {
		return
	}
	e.queued = true
	at, _ := slices.BinarySearchFunc(l.opened, e, func(a, b *trackedEvent) int { return a.EventID.Compare(b.EventID) })
	l.opened = slices.Insert(l.opened, at, e)
}

// prune takes the events off of which nothing is left to start.
func (l *line) prune() {
	for len(l.opened) > 0 {
		e := l.opened[0]
		e.skip()
		if e.started < len(e.slots) {
			return
		}
		l.opened[0] = nil
		l.opened = l.opened[1:]
	}
}

// takeFrom returns the slot of a line to start next.
func (s *state) takeFrom(l *line) *slot {
	if len(l.again) > 0 {
		sl := l.again[0]
		l.again = l.again[1:]
		return sl
	}
	return s.takeWaiting(l)
}

func (s *state) takeWaiting(l *line) *slot {
	if l.parcelFirst() {
		s.open(l, 0)
	}
	e := l.opened[0]
	sl := &e.slots[e.started]
	e.started++
	l.prune()
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

// skip moves the range of slots to start past those that are under way already, or that never will be.
func (e *trackedEvent) skip() {
	for e.started < len(e.slots) && !e.slots[e.started].startable() {
		e.started++
	}
}

// begin lets an event act whose record is committed, once it is known which Pods there are.
func (s *state) begin(e *trackedEvent) {
	if e.Type == event.ScaleDown {
		s.takeDown(e)
		return
	}
	s.claim(e)
	if !e.queued && e.untouched() {
		delete(s.events, e.EventID)
		s.line(e.Template).addParcel(wrap(e))
		return
	}
	s.line(e.Template).add(e)
}

// claim finds the slots whose Pod the watch has shown already: we died between the create and its mark.
func (s *state) claim(e *trackedEvent) {
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaits && sl.seen != nil {
			s.alive(sl, sl.seen.Ref.UID)
		}
	}
}

// untouched reports whether nothing of the event is under way, so that it may wait as a parcel.
func (e *trackedEvent) untouched() bool {
	for i := range e.slots {
		if sl := &e.slots[i]; !sl.startable() || sl.seen != nil {
			return false
		}
	}
	return true
}

// fill starts Pods while there is room, an API server that answers, and something to start.
func (s *state) fill() {
	if !s.listed || s.stopping {
		return
	}
	for _, name := range s.order {
		s.lines[name].prune()
	}
	strangers := s.strangers()
	for s.creating < s.trouble.limit(s.now, s.CreateConcurrency) {
		l := s.firstReady(s.live+strangers < s.MaxWorkers)
		if l == nil {
			return
		}
		s.start(s.takeFrom(l))
		l.probing = !l.parkedSince.IsZero()
	}
}

// firstReady returns the line to start from; without room one whose slot has its place already.
func (s *state) firstReady(room bool) *line {
	var first *line
	for _, name := range s.order {
		l := s.lines[name]
		if !l.ready(s.now) || !room && !l.occupied() {
			continue
		}
		if first == nil || l.head().Compare(first.head()) < 0 {
			first = l
		}
	}
	return first
}

// strangers counts Pods of ours that may run and whose events are not in hand.
func (s *state) strangers() int {
	n := 0
	count := func(pods []Observation) {
		for i := range pods {
			if !pods[i].Phase.Ended() {
				n++
			}
		}
	}
	for _, q := range s.asked {
		count(q.pods)
	}
	for _, orph := range s.orphans {
		count(orph.pods)
	}
	return n
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

// probeSoon lets parked lines try again: a Pod has ended, so a quota may have room.
func (s *state) probeSoon() {
	for _, name := range s.order {
		if l := s.lines[name]; !l.parkedSince.IsZero() && !l.probing {
			l.probeAt = s.now
		}
	}
}

// expire fails the slots that never got a Pod for the whole timeout of parking.
func (s *state) expire(l *line) {
	if l.parkedSince.IsZero() || s.now.Sub(l.parkedSince) < s.PendingTimeout {
		return
	}
	overdue := func(accepted time.Time) bool { return s.now.Sub(accepted) >= s.PendingTimeout }
	for l.prune(); l.len() > 0 && overdue(l.oldest()); {
		s.refused(s.takeWaiting(l), l.words)
	}
	l.again = slices.DeleteFunc(l.again, func(sl *slot) bool {
		if sl.occupies || sl.attempt > 1 || !overdue(sl.event.acceptedAt) {
			return false
		}
		s.refused(sl, l.words)
		return true
	})
}

// oldest is when the event whose slot would start next was accepted.
func (l *line) oldest() time.Time {
	if l.parcelFirst() {
		return time.UnixMilli(l.waiting[0].at)
	}
	return l.opened[0].acceptedAt
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
	t.until = now.Add(retry.Backoff(t.tries, 10*time.Second))
}
