package checker

import (
	"slices"
	"strings"
	"time"
)

// everyEntry is O2.
func (t *traces) everyEntry() Result {
	var f findings
	byID := make(map[string]*sentEntry)
	for i := range t.sent {
		s := &t.sent[i]
		byID[s.ID.String()] = s
		t.oneEntry(s, &f)
	}
	for _, c := range t.untraced {
		if !t.Fault.LostWrites && !t.Fault.Trimmed {
			f.add("an XADD (%s, at %s) left no trace", c.where(), c.At.Format(time.RFC3339Nano))
		}
	}
	t.unsent(byID, &f)
	return f.result()
}

// oneEntry compares the results of an entry with its class.
func (t *traces) oneEntry(s *sentEntry, f *findings) {
	dead, duplicates := len(t.history.Dead[s.ID.String()]), t.kinds(s, "duplicate")
	switch {
	case s.Trimmed && t.forgotten(s):
		return
	case s.Class == classInvalid:
		if dead != 1 {
			f.add("entry %s is invalid (%s) and has %d dead letters", s.ID, s.Reason, dead)
		}
		t.noWorkers(s, f)
		return
	case dead != 0:
		f.add("entry %s is a valid %s and has %d dead letters: %s", s.ID, s.Class, dead, t.history.Dead[s.ID.String()][0]["reason"])
	case s.Class == classDuplicate:
		if duplicates != 1 {
			f.add("entry %s is a duplicate of %s and was reported as one %d times", s.ID, s.Reason, duplicates)
		}
		t.noWorkers(s, f)
		return
	case duplicates > 0 && !t.Fault.LostWrites:
		f.add("entry %s was reported as a duplicate, but no earlier entry matches it", s.ID)
	}
	t.carriedOut(s, f)
}

// carriedOut: a valid entry led to what its type asks for.
func (t *traces) carriedOut(s *sentEntry, f *findings) {
	report := map[class]string{classDown: "scaled_down", classCancel: "cancelling"}[s.Class]
	switch {
	case s.Class == classUp:
		t.allOutcomes(s, f)
		return
	case t.kinds(s, report) == 0:
		f.add("entry %s is a %s without a `%s` status", s.ID, s.Class, report)
	}
	t.noWorkers(s, f)
}

// kinds counts the status entries of a kind about an entry.
func (t *traces) kinds(s *sentEntry, kind string) int {
	var all []*statusEntry
	for _, o := range t.history.Of[s.ID.String()] {
		if o.kind() == kind {
			all = append(all, o)
		}
	}
	return surviving(all)
}

// forgotten: Redis lost the entry, and its acceptance if it was accepted, before it had a Pod by which it could be rebuilt.
func (t *traces) forgotten(s *sentEntry) bool {
	event := s.ID.String()
	begun := slices.ContainsFunc(t.history.Of[event], func(o *statusEntry) bool { return o.kind() != "accepted" })
	return t.Fault.LostWrites && !begun && len(t.podsOf[event]) == 0
}

// allOutcomes: slots 1 to N have an outcome, and there are no other slots.
func (t *traces) allOutcomes(s *sentEntry, f *findings) {
	for slot := 1; slot <= s.Want.Count; slot++ {
		if p := (workerID{s.ID.String(), slot}); len(t.outcomes[p]) == 0 {
			f.add("%v has no outcome", p)
		}
	}
	t.workersBeyond(s, s.Want.Count, f)
}

func (t *traces) noWorkers(s *sentEntry, f *findings) { t.workersBeyond(s, 0, f) }

// workersBeyond reports workers with a higher slot number than the entry asked for.
func (t *traces) workersBeyond(s *sentEntry, count int, f *findings) {
	event := s.ID.String()
	for _, p := range t.podsOf[event] {
		if p.Worker.Slot > count && len(p.Posts) > 0 {
			f.add("entry %s (%s) may have %d workers, but: %v", event, s.Class, count, p.Posts[0])
		}
	}
	for _, o := range t.history.Of[event] {
		if o.kind() == "worker" && o.worker().Slot > count {
			f.add("entry %s (%s) may have %d workers, but the status stream has one more: %v", event, s.Class, count, o)
		}
	}
}

// unsent: Pods, status entries and dead letters of events that were never sent.
func (t *traces) unsent(byID map[string]*sentEntry, f *findings) {
	seen := make(map[string]bool)
	report := func(event, what string) {
		if byID[event] == nil && !seen[event] && !t.Fault.LostWrites && !t.Fault.Trimmed {
			seen[event] = true
			f.add("event %q was never sent, but %s", event, what)
		}
	}
	for i := range t.history.Status {
		if s := &t.history.Status[i]; !s.isControl() {
			report(s.event(), "has a status entry: "+s.String())
		}
	}
	for _, p := range t.sortedPods() {
		if len(p.Posts) > 0 {
			report(p.Worker.Event, "has a request: "+p.Posts[0].String())
		}
	}
	for original := range t.history.Dead {
		report(original, "has a dead letter")
	}
}

// ackLast is O3.
func (t *traces) ackLast() Result {
	if t.unordered != "" {
		return unknown(t.unordered)
	}
	var f findings
	for i := range t.sent {
		s := &t.sent[i]
		if t.forgotten(s) {
			continue
		}
		at, found := t.acknowledged(s)
		switch {
		case !found:
			f.add("entry %s (%s) was never acknowledged", s.ID, s.Class)
		case s.Class == classUp:
			t.slotsBefore(s, at, &f)
		case s.Class == classInvalid:
			t.deadBefore(s, at, &f)
		case s.Class == classCancel:
			t.cancelAtOnce(s, at, &f)
		}
	}
	return f.result()
}

// acknowledged is the first XACK of an entry, from MONITOR, or, in a gap, from the status entry of the same MULTI.
func (t *traces) acknowledged(s *sentEntry) (ack, bool) {
	if all := t.history.Acks[s.ID.String()]; len(all) > 0 {
		return all[0], true
	}
	for _, o := range t.history.Of[s.ID.String()] {
		settles := slices.Contains([]string{"settled", "duplicate", "rejected", "scaled_down", "cancelling"}, o.kind())
		if settles && strings.HasPrefix(o.Where, "status entry") {
			return ack{At: o.Until, Where: o.Where}, true
		}
	}
	return ack{}, false
}

func (t *traces) slotsBefore(s *sentEntry, at ack, f *findings) {
	if c := t.cancelOf[s.ID.String()]; c != nil && !c.At.After(at.At) {
		return // each slot is selected
	}
	for slot := 1; slot <= s.Want.Count; slot++ {
		p := workerID{s.ID.String(), slot}
		ended := slices.ContainsFunc(t.outcomes[p], func(o *statusEntry) bool { return !o.At.After(at.At) })
		selected := slices.ContainsFunc(t.history.Selections, func(d selection) bool {
			return !d.At.After(at.At) && slices.Contains(d.Victims, p)
		})
		if !ended && !selected && !t.pods[attemptID{p, 1}].existedBefore(at.At, t.Fault) {
			f.add("entry %s was acknowledged (%s) before slot %d had a Pod or an outcome", s.ID, at.Where, slot)
		}
	}
}

// deadBefore: an invalid entry is acknowledged in the MULTI that writes its dead letter.
func (t *traces) deadBefore(s *sentEntry, at ack, f *findings) {
	written := t.history.DeadTx[s.ID.String()] // none: O2 reports it
	if len(written) == 0 || strings.HasPrefix(at.Where, "status entry") || t.Fault.LostWrites {
		return
	}
	if !slices.Contains(written, at.Tx) {
		f.add("invalid entry %s was acknowledged (%s) without its dead letter in the same MULTI", s.ID, at.Where)
	}
}
