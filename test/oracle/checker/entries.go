package checker

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// class is what the product must do with an entry.
type class string

const (
	classUp        class = "scale_up"
	classDown      class = "scale_down"
	classCancel    class = "cancel"
	classInvalid   class = "invalid"
	classDuplicate class = "duplicate"
)

// sentEntry is one entry of the source stream and its class by the oracle's own rules.
type sentEntry struct {
	ID      id
	Class   class
	Want    want
	Reason  string // why it is invalid, or the event it duplicates
	Where   string
	Trimmed bool // not in the stream at the end
}

// sentEntries merges the entries in the stream with the XADDs that MONITOR recorded, in stream order, and classifies each.
// untraced are XADDs whose entry appears nowhere else.
func sentEntries(h *history, end *endState, in *Input) (all []sentEntry, untraced []command) {
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
	stored := make(map[id]bool)
	for _, en := range end.Stream {
		stored[en.ID] = true
	}
	for _, i := range slices.SortedFunc(maps.Keys(content), id.compare) {
		all = append(all, sentEntry{ID: i, Where: cmp.Or(where[i], "the stream"), Trimmed: !stored[i]})
	}
	classify(all, content, h, in)
	return all, untraced
}

// knownIDs are all entry IDs that appear in any trace, in order.
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
	for i := range h.Status {
		if i, ok := parseID(h.Status[i].event()); ok {
			set[i] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), id.compare)
}

// slack is how long before MONITOR's stamp Redis may have created an ID: it may add 16 MiB in between.
const slack = time.Second

// resolve finds the ID that Redis gave to an XADD, which MONITOR does not show: the first ID after the last one that was
// created at that time and is stored with this content; without one, the first whose content is unknown. IDs grow with
// each XADD, so the order of both is the same.
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
		stored, ok := content[at]
		if ok && maps.Equal(stored, fields) {
			return at, fields, true
		}
		if !ok && unknown == (id{}) {
			unknown = at
		}
	}
	return unknown, fields, unknown != id{}
}

// keyOwner is the event that first used an idempotency key.
type keyOwner struct {
	event   id
	content string
}

// classify gives each entry its class, in stream order: the first entry owns the key. An entry deleted from the stream before
// it was accepted may be rejected for that.
func classify(all []sentEntry, content map[id]map[string]string, h *history, in *Input) {
	keys := make(map[string]keyOwner)
	for i := range all {
		s := &all[i]
		s.Want, s.Reason = readEntry(content[s.ID], in)
		if in.Fault.Trimmed && s.Trimmed && len(h.Dead[s.ID.String()]) > 0 {
			s.Reason = "it was deleted before it was accepted"
		}
		switch first, held := keys[s.Want.Key]; {
		case s.Reason != "":
			s.Class = classInvalid
			continue
		case held && s.Want.Key != "" && !expired(h.Expiries, s.Want.Key, s.ID) && first.content != s.Want.Content:
			s.Class, s.Reason = classInvalid, "event "+first.event.String()+" owns its idempotency_key and asks for something else"
			continue
		case held && s.Want.Key != "" && !expired(h.Expiries, s.Want.Key, s.ID):
			s.Class, s.Reason = classDuplicate, first.event.String()
			continue
		default:
			s.Class = class(s.Want.Type)
		}
		keys[s.Want.Key] = keyOwner{s.ID, s.Want.Content}
	}
}

func expired(expiries map[string]time.Time, key string, by id) bool {
	at, ok := expiries[key]
	return ok && at.Before(by.at())
}
