package checker

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// sortedPods are the Pods by event, slot and attempt.
func (t *traces) sortedPods() []*pod {
	return slices.SortedFunc(maps.Values(t.pods), func(a, b *pod) int {
		return cmp.Or(cmp.Compare(a.Worker.Event, b.Worker.Event), cmp.Compare(a.Worker.Slot, b.Worker.Slot), cmp.Compare(a.Attempt, b.Attempt))
	})
}

// onePod is O1.
func (t *traces) onePod() Result {
	var f findings
	for _, p := range t.sortedPods() {
		t.onceCreated(p, &f)
		t.afterRetrying(p, &f)
		t.noLateCreate(p, &f)
		t.noStartAfterCancel(p, &f)
	}
	for _, all := range t.outcomes {
		for _, s := range all {
			t.hadPod(s, &f)
		}
	}
	for i := range t.history.Status {
		t.absenceProven(&t.history.Status[i], &f)
	}
	for _, r := range t.unmatched {
		if r.Verb == "create" {
			f.add("created a Pod whose name belongs to no event: %v", r)
		}
	}
	slices.Sort(f)
	return f.result()
}

func (t *traces) onceCreated(p *pod, f *findings) {
	if n := len(p.Created); n > 1 {
		f.add("%v, attempt %d: %s was created %d times, first %v, then %v", p.Worker, p.Attempt, p.Name, n, p.Created[0], p.Created[1])
	}
	if n := len(p.UIDs) - p.Foreign; n > 1 {
		f.add("%v, attempt %d: %s had %d UIDs: %v", p.Worker, p.Attempt, p.Name, n, slices.Sorted(maps.Keys(p.UIDs)))
	}
	if p.Foreign > 0 {
		return // the deleted Pod may have been the foreign one
	}
	for _, c := range p.Created {
		for _, d := range p.Gone {
			if d.Answered.Before(c.Received) {
				f.add("%v, attempt %d: %s was created again, %v, after %v", p.Worker, p.Attempt, p.Name, c, d)
			}
		}
	}
}

// afterRetrying: attempt k > 1 only after `retrying` of attempt k-1 was written to Redis.
func (t *traces) afterRetrying(p *pod, f *findings) {
	if p.Attempt == 1 {
		return
	}
	recorded := t.firstStatus(p.Worker, func(s *statusEntry) bool { return s.state() == "retrying" && s.attempt() == p.Attempt-1 })
	for _, r := range p.Posts {
		if recorded == nil || r.Received.Before(recorded.At) {
			f.add("%v: attempt %d started, %v, without a `retrying` of attempt %d before", p.Worker, p.Attempt, r, p.Attempt-1)
		}
	}
}

// noLateCreate: a worker with an outcome gets no Pod any more.
func (t *traces) noLateCreate(p *pod, f *findings) {
	for _, r := range p.Created {
		for _, o := range t.outcomes[p.Worker] {
			if r.Received.After(o.Until) {
				f.add("%v: %v, although its outcome was in Redis: %v", p.Worker, r, o)
			}
		}
	}
}

// hadPod: an outcome that implies a Pod needs one. Of an event that is rebuilt from its Pods, a worker without one may have had it.
func (t *traces) hadPod(s *statusEntry, f *findings) {
	reason, existed := s.Fields["reason"], t.pods[attemptID{s.worker(), s.attempt()}].existed()
	late := s.state() == "failed" && reason == "StartDeadlineExceeded"
	podless := late || t.Fault.LostWrites && s.state() == "lost" && reason == "RecordLost" || s.state() == "cancelled" || s.state() == "failed" && (reason == "Refused" || reason == "NameTaken")
	if !podless && !existed {
		f.add("%v, attempt %d: the outcome is %v (%s), but there never was a Pod", s.worker(), s.attempt(), s, reason)
	}
	if late {
		t.startedTooLate(s, f)
	}
}

// startedTooLate: a worker that had a Pod once has started, and none is too late before its deadline.
func (t *traces) startedTooLate(s *statusEntry, f *findings) {
	for _, p := range t.podsOf[s.event()] {
		if p.Worker == s.worker() && p.existed() {
			f.add("%v: the outcome is %v (StartDeadlineExceeded), but it had a Pod: %v", s.worker(), s, p.proofs()[0])
		}
	}
	i := slices.IndexFunc(t.sent, func(e sentEntry) bool { return e.ID.String() == s.event() })
	accepted := t.firstOf(s.event(), "accepted")
	if i < 0 || accepted == nil {
		return // O2 and O10 report that
	}
	if waited, ok := between(accepted, s); ok && waited < t.sent[i].Want.StartDeadline {
		f.add("%v: the outcome is %v (StartDeadlineExceeded) %v after its acceptance, its deadline was %v", s.worker(), s, waited,
			t.sent[i].Want.StartDeadline)
	}
}

// between is the time between two status entries by the product's own clock.
func between(a, b *statusEntry) (time.Duration, bool) {
	from, err1 := time.Parse(time.RFC3339, a.Fields["at"])
	to, err2 := time.Parse(time.RFC3339, b.Fields["at"])
	return to.Sub(from), err1 == nil && err2 == nil
}

// firstOf is the first status entry of a kind about an event.
func (t *traces) firstOf(event, kind string) *statusEntry {
	for _, s := range t.history.Of[event] {
		if s.kind() == kind {
			return s
		}
	}
	return nil
}

// absenceProven: before a worker is reported without a Pod, the API server confirmed it.
func (t *traces) absenceProven(s *statusEntry, f *findings) {
	var missing bool
	switch s.Fields["reason"] {
	case "Missing":
		missing = s.state() == "lost"
	case "Deleted":
		missing = s.state() == "cancelled" || s.state() == "retrying"
	}
	if missing && !t.Fault.LostAudit && s.kind() == "worker" && !t.pods[attemptID{s.worker(), s.attempt()}].absentBefore(s.Until) {
		f.add("%v, attempt %d: reported gone (%v) before the API server confirmed it", s.worker(), s.attempt(), s)
	}
}

// firstStatus is the first status entry of a worker that matches.
func (t *traces) firstStatus(p workerID, match func(*statusEntry) bool) *statusEntry {
	for _, s := range t.history.Of[p.Event] {
		if s.kind() == "worker" && s.worker() == p && match(s) {
			return s
		}
	}
	return nil
}

// recordFirst is O4.
func (t *traces) recordFirst() Result {
	if t.unordered != "" {
		return unknown(t.unordered)
	}
	var f findings
	for _, p := range t.sortedPods() {
		for _, r := range p.Deletes {
			t.allowedDelete(p, r, &f)
		}
	}
	for _, r := range t.unmatched {
		if r.Verb == "delete" {
			f.add("deleted a Pod whose name belongs to no event: %v", r)
		}
	}
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && r.Verb == "deletecollection" {
			f.add("deleted a collection of Pods: %v", r)
		}
	}
	t.victims(&f)
	t.cancelled(&f)
	return f.result()
}

func (t *traces) allowedDelete(p *pod, r *request, f *findings) {
	unread := r.Code == 401 || r.Code == 403 || r.unanswered() // its body may be neither read nor logged
	if r.Precondition == "" && !unread {
		f.add("%v: a DELETE without a UID: %v", p.Worker, r)
	}
	first := farFuture
	for _, s := range t.history.Of[p.Worker.Event] {
		if s.kind() == "worker" && s.worker() == p.Worker && (s.isOutcome() || s.state() == "retrying" && s.attempt() >= p.Attempt) {
			first = earlier(first, s.At)
		}
	}
	for _, d := range t.history.Selections {
		if slices.Contains(d.Victims, p.Worker) {
			first = earlier(first, d.At)
		}
	}
	if c := t.cancelOf[p.Worker.Event]; c != nil {
		first = earlier(first, c.At)
	}
	switch {
	case first.Equal(farFuture):
		f.add("%v, attempt %d: %v, and no record ever allowed it", p.Worker, p.Attempt, r)
	case r.Received.Before(first):
		f.add("%v, attempt %d: %v came %v before the record that allowed it", p.Worker, p.Attempt, r, first.Sub(r.Received))
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
