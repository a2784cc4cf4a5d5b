package event

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// The names of fields that others than this package speak of.
const (
	FieldType           = "type"
	FieldPodCount       = "pod_count"
	FieldTaskID         = "task_id"
	FieldIdempotencyKey = "idempotency_key"
	FieldTemplate       = "template"
	FieldQueue          = "queue"
	FieldEventID        = "event_id"

	// VariableTraceparent is where a worker finds its trace context.
	VariableTraceparent = "TRACEPARENT"

	fieldTimestamp   = "timestamp"
	fieldTraceparent = "traceparent"
	fieldTracestate  = "tracestate"
	FieldBaggage     = "baggage"
)

// The bounds of an entry. What is over one is rejected, never truncated.
const (
	// MaxEntryBytes bounds the names and values of an entry, repeated ones too. No event comes near it; what a Source
	// keeps of an entry in memory does.
	MaxEntryBytes = 64 << 10

	// MaxIdempotencyKey bounds an idempotency key, in bytes.
	MaxIdempotencyKey = 128

	maxTaskID     = 128
	maxQueue      = 63 // of queues and of priority classes
	maxImage      = 512
	maxTracestate = 512
)

// Field is one field of an entry with a meaning of its own. Every other field is metadata.
type Field struct {
	Name     string
	Required bool
	Takes    string // what values are valid, for people
	Doc      string // what it is for, one sentence
	Metadata bool   // it is kept in Event.Metadata
	Variable string // of a worker's environment; empty: none
	Always   bool   // the variable is set even when the field was not sent
	Flag     Flag   // of `ottoscaler scale`; zero: none
	Schema   Schema

	// Default is what the event has when the field was not sent. It is not kept: Event.Fields leaves it out.
	Default string
	// Added: the field came after the first version, to which it is metadata. So it counts in the bounds of metadata, is
	// recorded as metadata, and a value that breaks its rule stays metadata when an event is recalled.
	Added bool

	// hashed: the field is a part of the content hash, as metadata would be. The fields of the first version are not
	// marked: Hash takes them by itself.
	hashed bool
	// decode reads the value, or decides what it means that the field was not sent.
	decode func(d *decoder, value string, sent bool) *Rejection
	// encode is the inverse: empty when the field says nothing. nil: it is kept as metadata.
	encode func(e *Event) string
}

// Flag is how `ottoscaler scale` sets a field.
type Flag struct {
	Name    string
	Usage   string
	Seconds bool // it takes a duration and sends whole seconds
	UpOnly  bool // a scale_down has no use for it
}

// Schema is what JSON Schema says of a field's value, which is always a string.
type Schema struct {
	Pattern   string
	Enum      []string
	MinLength int
	MaxLength int // in characters; bytes are counted by Decode
}

// Fields are all fields, in the order in which they are decoded: of several faults the first one is reported.
func Fields() []Field { return slices.Clone(table) }

// IsField reports whether a name has a meaning of its own.
func IsField(name string) bool {
	for i := range table { // by index: a Field is large, and every field of every record comes here
		if table[i].Name == name {
			return true
		}
	}
	return false
}

// IsAdded reports whether a name is that of a field with Added.
func IsAdded(name string) bool {
	for i := range table {
		if table[i].Name == name {
			return table[i].Added
		}
	}
	return false
}

// table is initialized without an init function: no decode function refers to it, so there is no cycle.
var table = []Field{
	{
		Name: FieldType, Required: true, Takes: "`scale_up`, `scale_down` or `cancel`",
		Doc:    "Whether workers are started, taken away, or cancelled.",
		Schema: Schema{Enum: []string{string(ScaleUp), string(ScaleDown), string(Cancel)}},
		decode: (*decoder).kind, encode: func(e *Event) string { return string(e.Type) },
	},
	{
		Name: FieldPodCount, Required: true, Takes: "1 to `OTTO_MAX_PODS_PER_EVENT`, ASCII digits alone",
		Doc: "How many workers to start, or to take away. A `cancel` has none.", Variable: "OTTO_WORKER_COUNT", Always: true,
		Schema: Schema{Pattern: "^0*[1-9][0-9]*$"},
		decode: (*decoder).podCount, encode: func(e *Event) string { return encodeNumber(e.PodCount) },
	},
	{
		Name: FieldTaskID, Takes: "at most 128 bytes of UTF-8 without control characters",
		Doc:      "Your name for the work. A `scale_down` with it takes workers of that task only, a `cancel` all of them.",
		Metadata: true, Variable: "OTTO_TASK_ID", Always: true,
		Flag: Flag{Name: "task", Usage: "your name for the work"}, Schema: Schema{Pattern: oneLine, MaxLength: maxTaskID},
		decode: (*decoder).taskID,
	},
	{
		Name: fieldTimestamp, Takes: "Unix seconds, milliseconds of 13 digits, or RFC 3339",
		Doc:    "When the event was made; default: the time in the entry ID.",
		decode: (*decoder).timestamp, encode: encodeTimestamp,
	},
	{
		Name: FieldIdempotencyKey, Takes: "1 to 128 bytes of UTF-8 without control characters",
		Doc:    "The same key and content again is a `duplicate` and starts nothing; other content is rejected.",
		Flag:   Flag{Name: "key", Usage: "an idempotency key: sending the same again starts nothing"},
		Schema: Schema{Pattern: oneLine, MinLength: 1, MaxLength: MaxIdempotencyKey},
		decode: (*decoder).idempotencyKey, encode: func(e *Event) string { return e.IdempotencyKey },
	},
	{
		Name: FieldTemplate, Takes: "a name from the operator's folder", Doc: "The Pod template of the workers; default: the built-in one.",
		Flag: Flag{Name: "template", Usage: "one of the operator's templates", UpOnly: true}, Schema: Schema{MinLength: 1},
		decode: (*decoder).template, encode: func(e *Event) string { return e.Template },
	},
	{
		Name: "deadline_seconds", Takes: "1 to the template's deadline, ASCII digits alone", Doc: "How long a worker may run.",
		Flag:   Flag{Name: "deadline", Usage: "how long a worker may run, such as 10m", Seconds: true, UpOnly: true},
		Schema: Schema{Pattern: "^0*[1-9][0-9]*$"},
		decode: (*decoder).deadline, encode: func(e *Event) string { return encodeSeconds(e.Deadline) },
	},
	{
		Name: fieldTraceparent, Takes: "a W3C trace context; an invalid one is ignored", Doc: "The trace that the workers belong to.",
		Variable: VariableTraceparent,
		decode:   (*decoder).traceparent, encode: func(e *Event) string { return e.Traceparent },
	},
	{
		Name: fieldTracestate, Takes: "at most 512 bytes of UTF-8 without control characters; an invalid one is ignored",
		Doc: "Its vendors' part.", Variable: "TRACESTATE",
		decode: (*decoder).tracestate, encode: func(e *Event) string { return e.Tracestate },
	},
	{
		Name: FieldBaggage, Takes: "a W3C baggage of at most 8192 bytes; an invalid one is ignored",
		Doc: "What the producer passes on beside the trace.", Variable: "BAGGAGE",
		decode: (*decoder).baggage, encode: func(e *Event) string { return e.Baggage },
	},
	{
		Name: FieldQueue, Takes: "1 to 63 ASCII letters, digits, `.`, `_`, `/` and `-`", Added: true, hashed: true,
		Doc:     "Whose work it is; default: `default`. A `scale_down`, and a `cancel` with `task_id`, reaches its own queue only.",
		Default: DefaultQueue, Variable: "OTTO_QUEUE", Always: true,
		Flag:   Flag{Name: "queue", Usage: "whose work it is, such as a team or a project"},
		Schema: Schema{Pattern: "^[A-Za-z0-9._/-]+$", MaxLength: maxQueue},
		decode: (*decoder).queue, encode: func(e *Event) string { return cmp.Or(e.Queue, DefaultQueue) },
	},
	{
		Name: "priority", Takes: "one of the operator's priority classes, at most the highest of the queue", Added: true, hashed: true,
		Doc:    "Which workers of the queue start first; default: the queue's.",
		Flag:   Flag{Name: "priority", Usage: "a priority class, such as low, normal or high", UpOnly: true},
		Schema: Schema{Pattern: "^[A-Za-z0-9._-]+$", MaxLength: maxQueue},
		decode: (*decoder).priority, encode: func(e *Event) string { return e.Priority },
	},
	{
		Name: "max_parallel", Takes: "1 or more, ASCII digits alone", Added: true, hashed: true,
		Doc:    "How many workers of the event may have a Pod at once; default: all.",
		Flag:   Flag{Name: "max-parallel", Usage: "how many of the workers may run at once", UpOnly: true},
		Schema: Schema{Pattern: "^0*[1-9][0-9]*$"},
		decode: (*decoder).maxParallel, encode: func(e *Event) string { return encodeNumber(e.MaxParallel) },
	},
	{
		Name: "start_deadline_seconds", Takes: "1 or more, ASCII digits alone", Added: true, hashed: true,
		Doc:    "How long a worker may wait for a Pod, from the event's acceptance, before it is `failed`; default: the queue's.",
		Flag:   Flag{Name: "start-deadline", Usage: "how long a worker may wait for its Pod, such as 30m", Seconds: true, UpOnly: true},
		Schema: Schema{Pattern: "^0*[1-9][0-9]*$"},
		decode: (*decoder).startDeadline, encode: func(e *Event) string { return encodeSeconds(e.StartDeadline) },
	},
	{
		Name: "image", Takes: "an image reference that the operator allows for the template, at most 512 bytes",
		Added: true, hashed: true, Doc: "The image of the worker's first container; default: the template's.",
		Flag:   Flag{Name: "image", Usage: "the image of the first container, if the operator allows it", UpOnly: true},
		Schema: Schema{Pattern: imagePattern, MaxLength: maxImage},
		decode: (*decoder).image, encode: func(e *Event) string { return e.Image },
	},
	{
		Name: "cpu", Takes: "a quantity such as `500m` or `2`, at most what the operator allows for the template",
		Added: true, hashed: true, Doc: "The CPU request and limit of the worker's first container; default: the template's.",
		Flag:   Flag{Name: "cpu", Usage: "CPU request and limit of the first container, such as 500m", UpOnly: true},
		Schema: Schema{Pattern: cpuPattern},
		decode: (*decoder).cpu, encode: func(e *Event) string { return e.CPU },
	},
	{
		Name: "memory", Takes: "a quantity such as `512Mi` or `2Gi`, at most what the operator allows for the template",
		Added: true, hashed: true, Doc: "The memory request and limit of the worker's first container; default: the template's.",
		Flag:   Flag{Name: "memory", Usage: "memory request and limit of the first container, such as 2Gi", UpOnly: true},
		Schema: Schema{Pattern: memoryPattern},
		decode: (*decoder).memory, encode: func(e *Event) string { return e.Memory },
	},
	{
		Name: FieldEventID, Takes: "the ID of an entry", Added: true, hashed: true,
		Doc:    "Of a `cancel`: the event to cancel, in place of `task_id`. Of other types it is metadata.",
		decode: (*decoder).target, encode: encodeTarget,
	},
}

// oneLine is text without control characters, as a JSON Schema pattern.
const oneLine = `^[^\x00-\x1f\x7f-\x9f]*$`

// encodeTimestamp leaves the default out: the time in the entry ID may lie past the year 9999, which RFC 3339 cannot spell.
func encodeTimestamp(e *Event) string {
	if e.Timestamp.Equal(e.EventID.Time()) {
		return ""
	}
	return e.Timestamp.UTC().Format(time.RFC3339Nano)
}

// encodeNumber leaves 0 out, which stands for a number that was not sent.
func encodeNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func encodeSeconds(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}

func encodeTarget(e *Event) string {
	if e.Target.IsZero() {
		return ""
	}
	return e.Target.String()
}
