package judge

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// onceSaid is O10.
func (t *trial) onceSaid() Verdict {
	f := slices.Clone(t.history.Mismatch)
	for p, all := range t.outcomes {
		if standing := standing(all); standing > 1 {
			f.add("%v has %d outcomes: %v, then %v", p, standing, all[0], all[1])
		}
		for _, o := range all {
			t.inRecord(p, o, &f)
		}
	}
	t.nothingAfter(&f)
	for i := range t.sent {
		t.milestones(&t.sent[i], &f)
	}
	slices.Sort(f)
	return f.verdict()
}

// standing counts what was said and not lost; what Redis forgot, and nobody said again, counts once.
func standing(all []*said) int {
	n := len(slices.DeleteFunc(slices.Clone(all), func(s *said) bool { return s.Lost }))
	if n == 0 && len(all) > 0 {
		return 1
	}
	return n
}

// inRecord: an outcome's MULTI writes the record, too.
func (t *trial) inRecord(p place, o *said, f *findings) {
	if strings.HasPrefix(o.Where, "status entry") {
		return // written in a gap
	}
	for _, r := range t.history.Records[p] {
		if r.Tx == o.Tx && o.Tx != 0 && strings.Contains(r.Value, o.state()) {
			return
		}
	}
	f.add("%v: its outcome (%v) was not recorded in the same MULTI", p, o)
}

// nothingAfter: an outcome is the last that is said of a worker.
func (t *trial) nothingAfter(f *findings) {
	ended := make(map[place]*said)
	for i := range t.history.Said {
		s := &t.history.Said[i]
		if s.kind() != "worker" {
			continue
		}
		if o := ended[s.place()]; o != nil && !s.isOutcome() && !o.Lost {
			f.add("%v: after its outcome (%v) it was called %v", s.place(), o, s)
		}
		if s.isOutcome() {
			ended[s.place()] = s
		}
	}
}

// milestones: what is said of a whole event is said once, and `closed` counts right.
func (t *trial) milestones(s *sent, f *findings) {
	wanted := map[fate][]string{
		fateUp: {"accepted", "settled", "closed"}, fateDown: {"scaled_down"}, fateInvalid: {"rejected"}, fateDuplicate: {"duplicate"},
	}[s.Fate]
	if t.Fault.LostWrites {
		return // what was forgotten is not said again
	}
	for _, kind := range wanted {
		missed := kind == "duplicate" || kind == "scaled_down" // if it was never said, O2 complains
		if n := t.kinds(s, kind); n > 1 || n == 0 && !missed {
			f.add("entry %s (%s): `%s` was said %d times", s.ID, s.Fate, kind, n)
		}
	}
	if s.Fate == fateUp {
		t.counted(s, f)
	}
}

func (t *trial) counted(s *sent, f *findings) {
	counts := map[string]int{"succeeded": 0, "failed": 0, "cancelled": 0, "lost": 0}
	for slot := 1; slot <= s.Want.Count; slot++ {
		for _, o := range t.outcomes[place{s.ID.String(), slot}] {
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

// victims: a scale_down takes slots of earlier events, no more than asked, each once, and each ends cancelled or succeeded.
func (t *trial) victims(f *findings) {
	counts := make(map[string]*sent)
	for i := range t.sent {
		counts[t.sent[i].ID.String()] = &t.sent[i]
	}
	taken := make(map[place]string)
	for _, d := range t.history.Dooms {
		by := counts[d.Event]
		switch {
		case by == nil:
			continue // O2 says that nobody sent it
		case by.Fate != fateDown:
			f.add("event %s is a %s and has victims (%s)", d.Event, by.Fate, d.Where)
		case len(d.Victims) > by.Want.Count:
			f.add("scale_down %s asked for %d victims and took %d (%s)", d.Event, by.Want.Count, len(d.Victims), d.Where)
		}
		for _, v := range d.Victims {
			if other, again := taken[v]; again && other != d.Event {
				f.add("%v was taken by scale_down %s and again by %s", v, other, d.Event)
			}
			taken[v] = d.Event
			t.victim(d, v, f)
		}
	}
}

func (t *trial) victim(d doom, v place, f *findings) {
	by, _ := parseID(d.Event)
	if of, ok := parseID(v.Event); !ok || of.compare(by) >= 0 {
		f.add("scale_down %s took %v, which is not earlier", d.Event, v)
	}
	all := t.outcomes[v]
	if len(all) == 0 {
		f.add("%v was taken by scale_down %s and has no outcome", v, d.Event)
	}
	for _, o := range all {
		if o.state() != "cancelled" && o.state() != "succeeded" {
			f.add("%v was taken by scale_down %s and ended otherwise: %v", v, d.Event, o)
		}
		if o.Until.Before(d.At) {
			f.add("%v was taken by scale_down %s (%s) after its end: %v", v, d.Event, d.Where, o)
		}
	}
}

// atRest is O11.
func (t *trial) atRest() Verdict {
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
	for _, p := range t.sorted() {
		if p.left(t.Fault) {
			f.add("Pod %s was created (%v) and nobody deleted it", p.Name, p.Created[0])
		}
	}
	return f.verdict()
}
