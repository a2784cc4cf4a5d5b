package event

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxQuoted bounds what an error quotes of a value, in bytes.
const maxQuoted = 64

// Rules are what the operator allows an event to ask for.
type Rules struct {
	MaxPods   int                      // the highest pod_count
	Deadlines map[string]time.Duration // each template's deadline (0: none) by its name; the built-in one is ""
}

// Decode turns the fields of an entry into an Event, or says what is wrong with them. It never keeps more of a
// hostile entry than the bounds of the table. The core calls it for every new entry, clients before they send one.
func Decode(id ID, fields map[string]string, rules Rules) (Event, *Rejection) {
	d := decoder{fields: fields, rules: rules, event: Event{EventID: id}}
	return d.decode()
}

// Check is Decode by the rules of the stream alone, which are the same for every installation. Clients without an operator's
// rules call it before they send an entry.
func Check(id ID, fields map[string]string, maxPods int) (Event, *Rejection) {
	return Decode(id, fields, streamRules(fields, maxPods))
}

// Recall is Check for what was an event once, perhaps to an older release: what that took for metadata stays metadata where
// it breaks the rule of a field that was added since.
func Recall(id ID, fields map[string]string, maxPods int) (Event, *Rejection) {
	d := decoder{fields: fields, rules: streamRules(fields, maxPods), event: Event{EventID: id}, recalls: true}
	return d.decode()
}

func streamRules(fields map[string]string, maxPods int) Rules {
	return Rules{MaxPods: maxPods, Deadlines: map[string]time.Duration{fields[FieldTemplate]: 0}}
}

type decoder struct {
	fields  map[string]string
	rules   Rules
	event   Event
	recalls bool     // see Recall
	kept    []string // added fields that are metadata of this event
}

func (d *decoder) decode() (Event, *Rejection) {
	for i := range table {
		f := &table[i]
		value, sent := d.fields[f.Name]
		r := f.decode(d, value, sent)
		if r != nil && d.recalls && f.Added {
			d.kept = append(d.kept, f.Name)
			continue
		}
		if r != nil {
			return Event{}, r
		}
	}
	if r := d.checkCancel(); r != nil {
		return Event{}, r
	}
	if r := d.metadata(); r != nil {
		return Event{}, r
	}
	return d.event, nil
}

func (d *decoder) kind(value string, sent bool) *Rejection {
	switch {
	case !sent:
		return Reject(CodeType, "the field type is missing: want scale_up, scale_down or cancel")
	case !slices.Contains(Types(), Type(value)):
		return Reject(CodeType, "type is %q: want scale_up, scale_down or cancel", text.Ellipsis(value, maxQuoted))
	}
	d.event.Type = Type(value)
	return nil
}

func (d *decoder) podCount(value string, sent bool) *Rejection {
	if d.event.Type == Cancel {
		return noPodCount(sent)
	}
	if !sent {
		return Reject(CodePodCount, "the field pod_count is missing: want 1 to %d", d.rules.MaxPods)
	}
	n, ok := digits(value, int64(d.rules.MaxPods))
	if !ok || n < 1 {
		return Reject(CodePodCount, "pod_count is %q: want 1 to %d, in ASCII digits alone", text.Ellipsis(value, maxQuoted), d.rules.MaxPods)
	}
	d.event.PodCount = int(n)
	return nil
}

// taskID checks only: the field becomes metadata, as in the original.
func (*decoder) taskID(value string, _ bool) *Rejection {
	if problem := CheckLine(value, maxTaskID); problem != "" {
		return Reject(CodeTaskID, "task_id %s", problem)
	}
	return nil
}

func (d *decoder) timestamp(value string, sent bool) *Rejection {
	if !sent {
		d.event.Timestamp = d.event.EventID.Time()
		return nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if n, ok := digits(value, math.MaxInt64); ok {
		t, err = unixTime(n, len(value))
	}
	t = t.UTC()
	if err != nil || t.Year() < 0 || t.Year() > 9999 {
		return Reject(CodeTimestamp, "timestamp is %q: want Unix seconds, milliseconds of 13 digits, or RFC 3339",
			text.Ellipsis(value, maxQuoted))
	}
	d.event.Timestamp = t
	return nil
}

// milliseconds is how many digits a timestamp in milliseconds has.
const milliseconds = 13

// unixTime takes what clients in JavaScript and Java send without being asked to: milliseconds. Their 13 digits, as seconds,
// would be 300 centuries away.
func unixTime(n int64, digits int) (time.Time, error) {
	const lastSecond = math.MaxInt32 * 100
	switch {
	case digits == milliseconds:
		return time.UnixMilli(n), nil
	case n > lastSecond:
		return time.Time{}, strconv.ErrRange
	}
	return time.Unix(n, 0), nil
}

func (d *decoder) idempotencyKey(value string, sent bool) *Rejection {
	if sent && value == "" {
		return Reject(CodeIdempotencyKey, "idempotency_key is empty: leave it out or give it a value")
	}
	if problem := CheckLine(value, MaxIdempotencyKey); problem != "" {
		return Reject(CodeIdempotencyKey, "idempotency_key %s", problem)
	}
	d.event.IdempotencyKey = value
	return nil
}

func (d *decoder) template(value string, sent bool) *Rejection {
	if !sent {
		return nil
	}
	if _, known := d.rules.Deadlines[value]; !known || value == "" {
		return Reject(CodeTemplate, "there is no template %q: want one of %s", text.Ellipsis(value, maxQuoted), d.templates())
	}
	d.event.Template = value
	return nil
}

func (d *decoder) templates() string {
	names := slices.Sorted(maps.Keys(d.rules.Deadlines))
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	if len(names) == 0 {
		return "none (OTTO_WORKER_TEMPLATES names no folder with templates), or leave the field out"
	}
	return strings.Join(names, ", ")
}

// deadline comes after the template, which bounds it.
func (d *decoder) deadline(value string, sent bool) *Rejection {
	if !sent {
		return nil
	}
	limit := int64(math.MaxInt32)
	if own := d.rules.Deadlines[d.event.Template]; own > 0 {
		limit = int64(own / time.Second)
	}
	n, ok := digits(value, limit)
	if !ok || n < 1 {
		return Reject(CodeDeadline, "deadline_seconds is %q: want 1 to %d, in ASCII digits alone", text.Ellipsis(value, maxQuoted), limit)
	}
	d.event.Deadline = time.Duration(n) * time.Second
	return nil
}

// CheckLine says what is wrong with a short text of one line; empty: nothing.
func CheckLine(s string, limit int) (problem string) {
	switch {
	case len(s) > limit:
		return fmt.Sprintf("has %d bytes: at most %d", len(s), limit)
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "has control characters"
	}
	return ""
}

// ValidTaskID reports whether a text may be a task_id. Rejected entries keep theirs when it is valid.
func ValidTaskID(s string) bool { return CheckLine(s, maxTaskID) == "" }

// digits reads 0..limit from ASCII digits alone: no sign, no space, no other script's digits, no underscore.
func digits(s string, limit int64) (int64, bool) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= limit
}
