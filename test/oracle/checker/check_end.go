package checker

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// outcomesOnce is O10.
func (t *traces) outcomesOnce() Result {
	f := slices.Clone(t.history.Mismatch)
	for p, all := range t.outcomes {
		if n := surviving(all); n > 1 {
			f.add("%v has %d outcomes: %v, then %v", p, n, all[0], all[1])
		}
		for _, o := range all {
			t.inRecord(p, o, &f)
		}
	}
	t.outcomeIsLast(&f)
	for i := range t.sent {
		t.eventEntries(&t.sent[i], &f)
	}
	slices.Sort(f)
	return f.result()
}

// surviving counts the entries that Redis did not lose; lost entries that were not rewritten count once together.
func surviving(all []*statusEntry) int {
	n := len(slices.DeleteFunc(slices.Clone(all), func(s *statusEntry) bool { return s.Lost }))
	if n == 0 && len(all) > 0 {
		return 1
	}
	return n
}

// inRecord: an outcome's MULTI writes the record, too.
func (t *traces) inRecord(p workerID, o *statusEntry, f *findings) {
	if strings.HasPrefix(o.Where, "status entry") {
		return // written in a gap of MONITOR
	}
	for _, r := range t.history.Records[p] {
		if r.Tx == o.Tx && o.Tx != 0 && strings.Contains(r.Value, o.state()) {
			return
		}
	}
	f.add("%v: its outcome (%v) was not recorded in the same MULTI", p, o)
}

// outcomeIsLast: an outcome is the last status entry of a worker.
func (t *traces) outcomeIsLast(f *findings) {
	ended := make(map[workerID]*statusEntry)
	for i := range t.history.Status {
		s := &t.history.Status[i]
		if s.kind() != "worker" {
			continue
		}
		if o := ended[s.worker()]; o != nil && !s.isOutcome() && !o.Lost {
			f.add("%v: status %[3]v written after its outcome (%[2]v)", s.worker(), o, s)
		}
		if s.isOutcome() {
			ended[s.worker()] = s
		}
	}
}

// eventEntries: each status entry about a whole event is written once, and the counts of `closed` are right.
func (t *traces) eventEntries(s *sentEntry, f *findings) {
	wanted := map[class][]string{
		classUp: {"accepted", "settled", "closed"}, classDown: {"scaled_down"}, classInvalid: {"rejected"}, classDuplicate: {"duplicate"},
		classCancel: {"accepted", "cancelling", "closed"},
	}[s.Class]
	if t.Fault.LostWrites {
		return // lost entries are not rewritten
	}
	for _, kind := range wanted {
		missed := slices.Contains([]string{"duplicate", "scaled_down", "cancelling"}, kind) // O2 reports one that was never written
		if n := t.kinds(s, kind); n > 1 || n == 0 && !missed {
			f.add("entry %s (%s): `%s` was written %d times", s.ID, s.Class, kind, n)
		}
	}
	switch s.Class {
	case classUp:
		t.closedCounts(s, f)
	case classCancel:
		t.cancelClosed(s, f)
	}
	t.named(s, f)
}

// named: the status entries of a valid event name its queue, and none says `waiting` after its end.
func (t *traces) named(s *sentEntry, f *findings) {
	if s.Class == classInvalid || s.Class == classDuplicate {
		return
	}
	var closed *statusEntry
	for _, o := range t.history.Of[s.ID.String()] {
		switch {
		case o.kind() == "duplicate": // of this very entry, delivered again when its record was gone
		case o.Fields["queue"] != s.Want.Queue:
			f.add("entry %s is of queue %q, but a status entry names %q: %v", s.ID, s.Want.Queue, o.Fields["queue"], o)
		case o.kind() == "closed":
			closed = o
		case o.kind() == "waiting" && closed != nil:
			f.add("entry %s: %v came after %v", s.ID, o, closed)
		}
	}
}

func (t *traces) closedCounts(s *sentEntry, f *findings) {
	counts := map[string]int{"succeeded": 0, "failed": 0, "cancelled": 0, "lost": 0}
	for slot := 1; slot <= s.Want.Count; slot++ {
		for _, o := range t.outcomes[workerID{s.ID.String(), slot}] {
			counts[o.state()]++
		}
	}
	for _, o := range t.history.Of[s.ID.String()] {
		if o.kind() != "closed" {
			continue
		}
		for _, state := range slices.Sorted(maps.Keys(counts)) {
			if got := o.Fields["n_"+state]; got != strconv.Itoa(counts[state]) {
				f.add("event %s closed with n_%s=%s (%s), but had %d", s.ID, state, got, o.Where, counts[state])
			}
		}
	}
}

// victims: a scale_down selects slots of earlier events, no more than requested, each once, and each ends cancelled or
// succeeded.
func (t *traces) victims(f *findings) {
	byID := make(map[string]*sentEntry)
	for i := range t.sent {
		byID[t.sent[i].ID.String()] = &t.sent[i]
	}
	selected := make(map[workerID]string)
	for _, d := range t.history.Selections {
		by := byID[d.Event]
		switch {
		case by == nil:
			continue // O2 reports an event that was never sent
		case by.Class != classDown:
			f.add("event %s is a %s and has victims (%s)", d.Event, by.Class, d.Where)
		case len(d.Victims) > by.Want.Count:
			f.add("scale_down %s requested %d victims and selected %d (%s)", d.Event, by.Want.Count, len(d.Victims), d.Where)
		}
		for _, v := range d.Victims {
			if other, again := selected[v]; again && other != d.Event {
				f.add("%v was selected by scale_down %s and again by %s", v, other, d.Event)
			}
			selected[v] = d.Event
			t.victim(d, v, f)
		}
	}
}

func (t *traces) victim(d selection, v workerID, f *findings) {
	by, _ := parseID(d.Event)
	if of, ok := parseID(v.Event); !ok || of.compare(by) >= 0 {
		f.add("scale_down %s selected %v, which is not earlier", d.Event, v)
	}
	all := t.outcomes[v]
	if len(all) == 0 {
		f.add("%v was selected by scale_down %s and has no outcome", v, d.Event)
	}
	for _, o := range all {
		if o.state() != "cancelled" && o.state() != "succeeded" {
			f.add("%v was selected by scale_down %s and ended otherwise: %v", v, d.Event, o)
		}
		if o.Until.Before(d.At) {
			f.add("%v was selected by scale_down %s (%s) after its end: %v", v, d.Event, d.Where, o)
		}
	}
}

// idleAtEnd is O11.
func (t *traces) idleAtEnd() Result {
	var f findings
	for _, entry := range t.end.Pending {
		f.add("entry %s is pending", entry)
	}
	for _, entry := range t.end.Unread {
		f.add("entry %s was never read", entry)
	}
	for _, event := range t.end.Open {
		f.add("event %s is open", event)
	}
	for _, name := range t.Leftover {
		f.add("Pod %s is still there", name)
	}
	for _, p := range t.sortedPods() {
		if p.leftOver(t.Fault) {
			f.add("Pod %s was created (%v) and never deleted", p.Name, p.Created[0])
		}
	}
	return f.result()
}
