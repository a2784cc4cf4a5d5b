package judge

import (
	"slices"
	"strings"
	"time"
)

// everyEntry is O2.
func (t *trial) everyEntry() Verdict {
	var f findings
	fates := make(map[string]*sent)
	for i := range t.sent {
		s := &t.sent[i]
		fates[s.ID.String()] = s
		t.oneEntry(s, &f)
	}
	for _, c := range t.untraced {
		if !t.Fault.LostWrites && !t.Fault.Trimmed {
			f.add("an XADD (%s, at %s) left no trace", c.where(), c.At.Format(time.RFC3339Nano))
		}
	}
	t.unsent(fates, &f)
	return f.verdict()
}

// oneEntry compares what became of an entry with its fate.
func (t *trial) oneEntry(s *sent, f *findings) {
	dead, duplicates := len(t.history.Dead[s.ID.String()]), t.kinds(s, "duplicate")
	switch {
	case t.Fault.LostWrites && s.Trimmed && t.silent(s):
		return
	case s.Fate == fateInvalid:
		if dead != 1 {
			f.add("entry %s is invalid (%s) and has %d dead letters", s.ID, s.Reason, dead)
		}
		t.noWorkers(s, f)
		return
	case dead != 0:
		f.add("entry %s is a valid %s and has %d dead letters: %s", s.ID, s.Fate, dead, t.history.Dead[s.ID.String()][0]["reason"])
	case s.Fate == fateDuplicate:
		if duplicates != 1 {
			f.add("entry %s is a duplicate of %s and was called one %d times", s.ID, s.Reason, duplicates)
		}
		t.noWorkers(s, f)
		return
	case duplicates > 0 && !t.Fault.LostWrites:
		f.add("entry %s was called a duplicate, but nothing like it was sent before", s.ID)
	}
	if s.Fate == fateUp {
		t.allOutcomes(s, f)
	} else if t.kinds(s, "scaled_down") == 0 {
		f.add("entry %s is a scale_down, and the status stream never said `scaled_down`", s.ID)
	}
}

// kinds counts how often a thing was said of an entry.
func (t *trial) kinds(s *sent, kind string) int {
	var all []*said
	for _, o := range t.history.Of[s.ID.String()] {
		if o.kind() == kind {
			all = append(all, o)
		}
	}
	return standing(all)
}

// silent: nothing was ever said of the entry.
func (t *trial) silent(s *sent) bool {
	return len(t.history.Of[s.ID.String()]) == 0
}

// allOutcomes: slots 1 to N have one, and there are no others.
func (t *trial) allOutcomes(s *sent, f *findings) {
	for slot := 1; slot <= s.Want.Count; slot++ {
		if p := (place{s.ID.String(), slot}); len(t.outcomes[p]) == 0 {
			f.add("%v has no outcome", p)
		}
	}
	t.workersBeyond(s, s.Want.Count, f)
}

func (t *trial) noWorkers(s *sent, f *findings) { t.workersBeyond(s, 0, f) }

// workersBeyond complains of workers with a higher number than there may be.
func (t *trial) workersBeyond(s *sent, count int, f *findings) {
	event := s.ID.String()
	for _, p := range t.podsOf[event] {
		if p.Place.Slot > count && len(p.Posts) > 0 {
			f.add("entry %s (%s) may have %d workers, but: %v", event, s.Fate, count, p.Posts[0])
		}
	}
	for _, o := range t.history.Of[event] {
		if o.kind() == "worker" && o.place().Slot > count {
			f.add("entry %s (%s) may have %d workers, but one was spoken of: %v", event, s.Fate, count, o)
		}
	}
}

// unsent: Pods and statuses of events that nobody sent.
func (t *trial) unsent(fates map[string]*sent, f *findings) {
	seen := make(map[string]bool)
	complain := func(event, what string) {
		if fates[event] == nil && !seen[event] && !t.Fault.LostWrites && !t.Fault.Trimmed {
			seen[event] = true
			f.add("nobody sent event %q, but %s", event, what)
		}
	}
	for i := range t.history.Said {
		s := &t.history.Said[i]
		complain(s.event(), "the status stream speaks of it: "+s.String())
	}
	for _, p := range t.sorted() {
		if len(p.Posts) > 0 {
			complain(p.Place.Event, "there is "+p.Posts[0].String())
		}
	}
	for original := range t.history.Dead {
		complain(original, "there is a dead letter of it")
	}
}

// ackLast is O3.
func (t *trial) ackLast() Verdict {
	if t.blind != "" {
		return unknown(t.blind)
	}
	var f findings
	for i := range t.sent {
		s := &t.sent[i]
		if t.Fault.LostWrites && t.silent(s) {
			continue
		}
		at, found := t.acknowledged(s)
		switch {
		case !found:
			f.add("entry %s (%s) was never acknowledged", s.ID, s.Fate)
		case s.Fate == fateUp:
			t.slotsBefore(s, at, &f)
		case s.Fate == fateInvalid:
			t.deadBefore(s, at, &f)
		}
	}
	return f.verdict()
}

// acknowledged is the first time that an entry was, by MONITOR, or, in a gap, by the status entry of the same MULTI.
func (t *trial) acknowledged(s *sent) (ack, bool) {
	if all := t.history.Acks[s.ID.String()]; len(all) > 0 {
		return all[0], true
	}
	for _, o := range t.history.Of[s.ID.String()] {
		settles := slices.Contains([]string{"settled", "duplicate", "rejected", "scaled_down"}, o.kind())
		if settles && strings.HasPrefix(o.Where, "status entry") {
			return ack{At: o.Until, Where: o.Where}, true
		}
	}
	return ack{}, false
}

func (t *trial) slotsBefore(s *sent, at ack, f *findings) {
	for slot := 1; slot <= s.Want.Count; slot++ {
		p := place{s.ID.String(), slot}
		ended := slices.ContainsFunc(t.outcomes[p], func(o *said) bool { return !o.At.After(at.At) })
		doomed := slices.ContainsFunc(t.history.Dooms, func(d doom) bool { return !d.At.After(at.At) && slices.Contains(d.Victims, p) })
		if !ended && !doomed && !t.pods[slotPod{p, 1}].existedBefore(at.At, t.Fault) {
			f.add("entry %s was acknowledged (%s) before slot %d had a Pod or an outcome", s.ID, at.Where, slot)
		}
	}
}

// deadBefore: a bad entry is acknowledged in the MULTI that writes its dead letter.
func (t *trial) deadBefore(s *sent, at ack, f *findings) {
	written := t.history.DeadTx[s.ID.String()] // none: O2 complains
	if len(written) == 0 || strings.HasPrefix(at.Where, "status entry") || t.Fault.LostWrites {
		return
	}
	if !slices.Contains(written, at.Tx) {
		f.add("bad entry %s was acknowledged (%s) without its dead letter in the same MULTI", s.ID, at.Where)
	}
}
