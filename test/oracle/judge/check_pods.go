package judge

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// sorted are the Pods in an order that findings can be read in.
func (t *trial) sorted() []*pod {
	return slices.SortedFunc(maps.Values(t.pods), func(a, b *pod) int {
		return cmp.Or(cmp.Compare(a.Place.Event, b.Place.Event), cmp.Compare(a.Place.Slot, b.Place.Slot), cmp.Compare(a.Attempt, b.Attempt))
	})
}

// onePod is O1.
func (t *trial) onePod() Verdict {
	var f findings
	for _, p := range t.sorted() {
		t.onceCreated(p, &f)
		t.afterRetrying(p, &f)
		t.noLateCreate(p, &f)
	}
	for _, all := range t.outcomes {
		for _, s := range all {
			t.hadPod(s, &f)
		}
	}
	for i := range t.history.Said {
		t.absenceProven(&t.history.Said[i], &f)
	}
	for _, r := range t.strange {
		if r.Verb == "create" {
			f.add("we made a Pod whose name belongs to no event: %v", r)
		}
	}
	slices.Sort(f)
	return f.verdict()
}

func (t *trial) onceCreated(p *pod, f *findings) {
	if n := len(p.Created); n > 1 {
		f.add("%v, attempt %d: %s was created %d times, first %v, then %v", p.Place, p.Attempt, p.Name, n, p.Created[0], p.Created[1])
	}
	if n := len(p.UIDs) - p.Foreign; n > 1 {
		f.add("%v, attempt %d: %s had %d UIDs: %v", p.Place, p.Attempt, p.Name, n, slices.Sorted(maps.Keys(p.UIDs)))
	}
	if p.Foreign > 0 {
		return // what was deleted may have been the other's
	}
	for _, c := range p.Created {
		for _, d := range p.Gone {
			if d.Answered.Before(c.Received) {
				f.add("%v, attempt %d: %s was created again, %v, after %v", p.Place, p.Attempt, p.Name, c, d)
			}
		}
	}
}

// afterRetrying: attempt k > 1 only after `retrying` of attempt k-1 stood in Redis.
func (t *trial) afterRetrying(p *pod, f *findings) {
	if p.Attempt == 1 {
		return
	}
	recorded := t.firstSaid(p.Place, func(s *said) bool { return s.state() == "retrying" && s.attempt() == p.Attempt-1 })
	for _, r := range p.Posts {
		if recorded == nil || r.Received.Before(recorded.At) {
			f.add("%v: attempt %d was begun, %v, without a `retrying` of attempt %d before", p.Place, p.Attempt, r, p.Attempt-1)
		}
	}
}

// noLateCreate: what has its outcome gets no Pod any more.
func (t *trial) noLateCreate(p *pod, f *findings) {
	for _, r := range p.Created {
		for _, o := range t.outcomes[p.Place] {
			if r.Received.After(o.Until) {
				f.add("%v: %v, although its outcome stood in Redis: %v", p.Place, r, o)
			}
		}
	}
}

// hadPod: an outcome that speaks of a Pod needs one.
func (t *trial) hadPod(s *said, f *findings) {
	reason := s.Fields["reason"]
	podless := s.state() == "cancelled" || s.state() == "failed" && (reason == "Refused" || reason == "NameTaken")
	if !podless && !t.pods[slotPod{s.place(), s.attempt()}].existed() {
		f.add("%v, attempt %d: the outcome is %v (%s), but there never was a Pod", s.place(), s.attempt(), s, reason)
	}
}

// absenceProven: who is said to have no Pod any more was looked for.
func (t *trial) absenceProven(s *said, f *findings) {
	var missing bool
	switch s.Fields["reason"] {
	case "Missing":
		missing = s.state() == "lost"
	case "Deleted":
		missing = s.state() == "cancelled" || s.state() == "retrying"
	}
	if missing && !t.Fault.LostAudit && s.kind() == "worker" && !t.pods[slotPod{s.place(), s.attempt()}].missedBefore(s.Until) {
		f.add("%v, attempt %d: it is said to be gone (%v) before the API server said so", s.place(), s.attempt(), s)
	}
}

// firstSaid is the first thing said of a worker that fits.
func (t *trial) firstSaid(p place, fits func(*said) bool) *said {
	for _, s := range t.history.Of[p.Event] {
		if s.kind() == "worker" && s.place() == p && fits(s) {
			return s
		}
	}
	return nil
}

// recordFirst is O4.
func (t *trial) recordFirst() Verdict {
	if t.blind != "" {
		return unknown(t.blind)
	}
	var f findings
	for _, p := range t.sorted() {
		for _, r := range p.Deletes {
			t.allowedDelete(p, r, &f)
		}
	}
	for _, r := range t.strange {
		if r.Verb == "delete" {
			f.add("we deleted a Pod whose name belongs to no event: %v", r)
		}
	}
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && r.Verb == "deletecollection" {
			f.add("we deleted Pods by the dozen: %v", r)
		}
	}
	t.victims(&f)
	return f.verdict()
}

func (t *trial) allowedDelete(p *pod, r *request, f *findings) {
	unread := r.Code == 401 || r.Code == 403 || r.unanswered() // its body may not have been read, and so was not logged
	if r.Precondition == "" && !unread {
		f.add("%v: a DELETE without a UID: %v", p.Place, r)
	}
	first := farFuture
	for _, s := range t.history.Of[p.Place.Event] {
		if s.kind() == "worker" && s.place() == p.Place && (s.isOutcome() || s.state() == "retrying" && s.attempt() >= p.Attempt) {
			first = earlier(first, s.At)
		}
	}
	for _, d := range t.history.Dooms {
		if slices.Contains(d.Victims, p.Place) {
			first = earlier(first, d.At)
		}
	}
	switch {
	case first.Equal(farFuture):
		f.add("%v, attempt %d: %v, and no record ever allowed it", p.Place, p.Attempt, r)
	case r.Received.Before(first):
		f.add("%v, attempt %d: %v came %v before the record that allowed it", p.Place, p.Attempt, r, first.Sub(r.Received))
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
