package worker

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
)

// The bounds of an entry. What is over one is rejected, never truncated.
const (
	maxTaskID      = 128
	maxKey         = 128
	maxMetaFields  = 16
	maxMetaKey     = 64
	maxMetaValue   = 1 << 10
	maxMetaTotal   = 8 << 10
	maxTracestate  = 512
	traceparentLen = 55
)

// MaxEntryBytes bounds the names and values of an entry, repeated ones too. No event comes near it; what a Source keeps
// of an entry in memory does.
const MaxEntryBytes = 64 << 10

// Rules are what the operator allows an event to ask for.
type Rules struct {
	MaxPods   int                      // the highest pod_count
	Deadlines map[string]time.Duration // each template's deadline (0: none) by its name; the built-in one is ""
}

// Rejection is why an entry is no event: a code for programs and a sentence for people.
type Rejection struct {
	Code   string
	Reason string
}

// The codes of a Rejection.
const (
	CodeType           = "invalid_type"
	CodePodCount       = "invalid_pod_count"
	CodeTaskID         = "invalid_task_id"
	CodeTimestamp      = "invalid_timestamp"
	CodeIdempotencyKey = "invalid_idempotency_key"
	CodeConflict       = "idempotency_conflict"
	CodeTemplate       = "unknown_template"
	CodeDeadline       = "invalid_deadline"
	CodeTrace          = "invalid_trace_context"
	CodeMetadata       = "invalid_metadata"
	CodeTooLarge       = "too_large"
	CodeTrimmed        = "trimmed"
	CodePoison         = "poison"
)

func reject(code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// Decode turns the fields of an entry into an Event, or says what is wrong with them. It never keeps more of a
// hostile entry than the bounds above.
func Decode(id ID, fields map[string]string, rules Rules) (Event, *Rejection) {
	d := decoder{fields: fields, rules: rules, event: Event{EventID: id}}
	for _, step := range []func() *Rejection{
		d.kind, d.podCount, d.taskID, d.timestamp, d.idempotencyKey, d.template, d.deadline, d.trace, d.metadata,
	} {
		if r := step(); r != nil {
			return Event{}, r
		}
	}
	return d.event, nil
}

type decoder struct {
	fields map[string]string
	rules  Rules
	event  Event
}

func (d *decoder) kind() *Rejection {
	switch t, ok := d.fields["type"]; {
	case !ok:
		return reject(CodeType, "the field type is missing: want scale_up or scale_down")
	case t != string(ScaleUp) && t != string(ScaleDown):
		return reject(CodeType, "type is %q: want scale_up or scale_down", clip(t, 64))
	default:
		d.event.Type = Type(t)
		return nil
	}
}

func (d *decoder) podCount() *Rejection {
	s, ok := d.fields["pod_count"]
	if !ok {
		return reject(CodePodCount, "the field pod_count is missing: want 1 to %d", d.rules.MaxPods)
	}
	n, ok := digits(s, int64(d.rules.MaxPods))
	if !ok || n < 1 {
		return reject(CodePodCount, "pod_count is %q: want 1 to %d, in ASCII digits alone", clip(s, 64), d.rules.MaxPods)
	}
	d.event.PodCount = int(n)
	return nil
}

func (d *decoder) taskID() *Rejection {
	s, ok := d.fields[keyTaskID]
	if !ok {
		return nil
	}
	if why := text(s, maxTaskID); why != "" {
		return reject(CodeTaskID, "task_id %s", why)
	}
	return nil // it becomes metadata, as in the original
}

func (d *decoder) timestamp() *Rejection {
	s, ok := d.fields["timestamp"]
	if !ok {
		d.event.Timestamp = d.event.EventID.Time()
		return nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if sec, ok := digits(s, math.MaxInt32*100); ok {
		t, err = time.Unix(sec, 0), nil
	}
	t = t.UTC()
	if err != nil || t.Year() < 0 || t.Year() > 9999 {
		return reject(CodeTimestamp, "timestamp is %q: want Unix seconds or RFC 3339", clip(s, 64))
	}
	d.event.Timestamp = t
	return nil
}

func (d *decoder) idempotencyKey() *Rejection {
	s, ok := d.fields["idempotency_key"]
	if !ok {
		return nil
	}
	if s == "" {
		return reject(CodeIdempotencyKey, "idempotency_key is empty: leave it out or give it a value")
	}
	if why := text(s, maxKey); why != "" {
		return reject(CodeIdempotencyKey, "idempotency_key %s", why)
	}
	d.event.IdempotencyKey = s
	return nil
}

func (d *decoder) template() *Rejection {
	s, ok := d.fields["template"]
	if !ok {
		return nil
	}
	if _, known := d.rules.Deadlines[s]; !known || s == "" {
		return reject(CodeTemplate, "there is no template %q: want one of %s", clip(s, 64), d.templates())
	}
	d.event.Template = s
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

func (d *decoder) deadline() *Rejection {
	s, ok := d.fields["deadline_seconds"]
	if !ok {
		return nil
	}
	limit := int64(math.MaxInt32)
	if own := d.rules.Deadlines[d.event.Template]; own > 0 {
		limit = int64(own / time.Second)
	}
	n, ok := digits(s, limit)
	if !ok || n < 1 {
		return reject(CodeDeadline, "deadline_seconds is %q: want 1 to %d, in ASCII digits alone", clip(s, 64), limit)
	}
	d.event.Deadline = time.Duration(n) * time.Second
	return nil
}

func (d *decoder) trace() *Rejection {
	parent, state := d.fields["traceparent"], d.fields["tracestate"]
	if parent != "" && !validTraceparent(parent) {
		return reject(CodeTrace, "traceparent is %q: want W3C trace context", clip(parent, 64))
	}
	if why := text(state, maxTracestate); why != "" {
		return reject(CodeTrace, "tracestate %s", why)
	}
	d.event.Traceparent, d.event.Tracestate = parent, state
	return nil
}

// known are the fields that are no metadata, but for task_id, which is both.
var known = map[string]bool{
	"type": true, "pod_count": true, "timestamp": true, "idempotency_key": true, "template": true,
	"deadline_seconds": true, "traceparent": true, "tracestate": true,
}

func (d *decoder) metadata() *Rejection {
	total, count := 0, 0
	variables := make(map[string]string)
	meta := make(map[string]string)
	// In sorted order, so that the same entry is always refused with the same words; and with the count first, so
	// that ten thousand fields are not sorted.
	if len(d.fields) > len(known)+1+maxMetaFields {
		return reject(CodeMetadata, "%d fields: at most %d may be metadata", len(d.fields), maxMetaFields)
	}
	for _, k := range slices.Sorted(maps.Keys(d.fields)) {
		v := d.fields[k]
		if known[k] {
			continue
		}
		meta[k] = v
		if k == keyTaskID {
			continue
		}
		count++
		total += len(k) + len(v)
		if r := metadataField(k, v); r != nil {
			return r
		}
		variable := MetaVariable(k)
		if other, taken := variables[variable]; taken {
			return reject(CodeMetadata, "the metadata keys %q and %q would both become %s", other, k, variable)
		}
		variables[variable] = k
	}
	if count > maxMetaFields {
		return reject(CodeMetadata, "%d metadata fields: at most %d", count, maxMetaFields)
	}
	if total > maxMetaTotal {
		return reject(CodeMetadata, "the metadata has %d bytes, keys included: at most %d", total, maxMetaTotal)
	}
	d.event.Metadata = meta
	return nil
}

func metadataField(k, v string) *Rejection {
	switch {
	case k == "":
		return reject(CodeMetadata, "a metadata key is empty")
	case len(k) > maxMetaKey:
		return reject(CodeMetadata, "the metadata key %q has %d bytes: at most %d", clip(k, 64), len(k), maxMetaKey)
	case len(v) > maxMetaValue:
		return reject(CodeMetadata, "the metadata field %q has %d bytes: at most %d", k, len(v), maxMetaValue)
	case !utf8.ValidString(k) || !utf8.ValidString(v):
		return reject(CodeMetadata, "the metadata field %q is not valid UTF-8", k)
	case strings.ContainsRune(v, 0):
		return reject(CodeMetadata, "the metadata field %q has a NUL byte, which no environment variable can hold", k)
	}
	return nil
}

// text says what is wrong with a short one-line text, or nothing.
func text(s string, limit int) string {
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

// digits reads 0..limit from ASCII digits alone: no sign, no space, no other script's digits, no underscore.
func digits(s string, limit int64) (int64, bool) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= limit
}

// validTraceparent follows https://www.w3.org/TR/trace-context/#traceparent-header: version 00, or a later one that
// begins the same way; IDs of zeros alone mean nothing.
func validTraceparent(s string) bool {
	if len(s) < traceparentLen || len(s) > maxTracestate || s[:2] == "ff" {
		return false
	}
	if len(s) > traceparentLen && (s[:2] == "00" || s[traceparentLen] != '-') {
		return false
	}
	if s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	trace, span := s[3:35], s[36:52]
	return lowerHex(s[:2]) && lowerHex(trace) && lowerHex(span) && lowerHex(s[53:55]) &&
		strings.Trim(trace, "0") != "" && strings.Trim(span, "0") != "" && text(s, maxTracestate) == ""
}

func lowerHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}
