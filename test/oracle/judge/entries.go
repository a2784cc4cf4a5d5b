package judge

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// fate is should have become of an entry.
type fate string

const (
	fateUp        fate = "scale_up"
	fateDown      fate = "scale_down"
	fateInvalid   fate = "invalid"
	fateDuplicate fate = "duplicate"
)

// sent is one entry of the source stream with the fate the oracle expects for it.
type sent struct {
	ID      id
	Fate    fate
	Want    want
	Reason  string // why it is invalid, or whose duplicate it is
	Where   string
	Trimmed bool // not in the stream at the end
}

// sentEntries brings together what stands in the stream and what MONITOR saw added, in stream order, and decides the
// fate of each. untraced are XADDs that nobody spoke of again.
func sentEntries(h *history, end *endState, e *Evidence) (all []sent, untraced []command) {
	content := make(map[id]map[string]string)
	for _, en := range end.Stream {
		content[en.ID] = en.Fields
	}
	where := make(map[id]string)
	known := knownIDs(h, content)
	var last id
	for _, c := range h.Adds {
		at, fields, ok := resolve(&c, known, content, last)
		if !ok {
			untraced = append(untraced, c)
			continue
		}
		if at.compare(last) > 0 {
			last = at
		}
		content[at], where[at] = fields, c.where()
	}
	stands := make(map[id]bool)
	for _, en := range end.Stream {
		stands[en.ID] = true
	}
	for _, i := range slices.SortedFunc(maps.Keys(content), id.compare) {
		all = append(all, sent{ID: i, Where: cmp.Or(where[i], "the stream"), Trimmed: !stands[i]})
	}
	decide(all, content, h, e)
	return all, untraced
}

// knownIDs are all IDs that Redis or the product ever spoke of, in order.
func knownIDs(h *history, content map[id]map[string]string) []id {
	set := make(map[id]bool)
	for i := range content {
		set[i] = true
	}
	for event := range h.Acks {
		if i, ok := parseID(event); ok {
			set[i] = true
		}
	}
	for i := range h.Said {
		if i, ok := parseID(h.Said[i].event()); ok {
			set[i] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), id.compare)
}

// slack is how long before MONITOR's stamp Redis may have made an ID: it adds 16 MiB in between.
const slack = time.Second

// resolve finds the ID that Redis gave to an XADD, which MONITOR does not show: the first after the last one that was
// made at that time and stands in the stream with this content; without one, the first whose content nobody knows any
// more. IDs grow with each XADD, so the order of both is the same.
func resolve(c *command, known []id, content map[id]map[string]string, last id) (id, map[string]string, bool) {
	given, fields, _ := parseXAdd(c.Args)
	if at, ok := parseID(given); ok {
		return at, fields, true
	}
	var unknown id
	from, _ := slices.BinarySearchFunc(known, last, id.compare)
	for _, at := range known[from:] {
		if at.compare(last) <= 0 || at.at().Before(c.At.Add(-slack)) {
			continue
		}
		if at.at().After(c.At) {
			break
		}
		stands, ok := content[at]
		if ok && maps.Equal(stands, fields) {
			return at, fields, true
		}
		if !ok && unknown == (id{}) {
			unknown = at
		}
	}
	return unknown, fields, unknown != id{}
}

// holder is who holds an idempotency key.
type holder struct {
	by      id
	content string
}

// decide gives each entry its fate, in stream order: what came first holds the key. An entry that somebody deleted before
// it was taken in may be refused for that.
func decide(all []sent, content map[id]map[string]string, h *history, e *Evidence) {
	keys := make(map[string]holder)
	for i := range all {
		s := &all[i]
		s.Want, s.Reason = readEntry(content[s.ID], e)
		if e.Fault.Trimmed && s.Trimmed && len(h.Dead[s.ID.String()]) > 0 {
			s.Reason = "it was deleted before it was taken in"
		}
		switch first, held := keys[s.Want.Key]; {
		case s.Reason != "":
			s.Fate = fateInvalid
			continue
		case held && s.Want.Key != "" && !expired(h.Expiries, s.Want.Key, s.ID) && first.content != s.Want.Content:
			s.Fate, s.Reason = fateInvalid, "event "+first.by.String()+" holds its idempotency_key and asks for something else"
			continue
		case held && s.Want.Key != "" && !expired(h.Expiries, s.Want.Key, s.ID):
			s.Fate, s.Reason = fateDuplicate, first.by.String()
			continue
		case s.Want.Up:
			s.Fate = fateUp
		default:
			s.Fate = fateDown
		}
		keys[s.Want.Key] = holder{s.ID, s.Want.Content}
	}
}

func expired(gone map[string]time.Time, key string, by id) bool {
	at, ok := gone[key]
	return ok && at.Before(by.at())
}
