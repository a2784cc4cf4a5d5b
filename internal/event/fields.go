package event

import (
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
)

// The bounds of an entry. What is over one is rejected, never truncated.
const (
	// MaxEntryBytes bounds the names and values of an entry, repeated ones too. No event comes near it; what a Source
	// keeps of an entry in memory does.
	MaxEntryBytes = 64 << 10

	// MaxIdempotencyKey bounds an idempotency key, in bytes.
	MaxIdempotencyKey = 128

	maxTaskID     = 128
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

// table is initialized without an init function: no decode function refers to it, so there is no cycle.
var table = []Field{
	{
		Name: FieldType, Required: true, Takes: "`scale_up` or `scale_down`", Doc: "Whether workers are started or taken away.",
		Schema: Schema{Enum: []string{string(ScaleUp), string(ScaleDown)}},
		decode: (*decoder).kind, encode: func(e *Event) string { return string(e.Type) },
	},
	{
		Name: FieldPodCount, Required: true, Takes: "1 to `OTTO_MAX_PODS_PER_EVENT`, ASCII digits alone",
		Doc: "How many workers to start, or to take away.", Variable: "OTTO_WORKER_COUNT", Always: true,
		Schema: Schema{Pattern: "^0*[1-9][0-9]*$"},
		decode: (*decoder).podCount, encode: func(e *Event) string { return strconv.Itoa(e.PodCount) },
	},
	{
		Name: FieldTaskID, Takes: "at most 128 bytes of UTF-8 without control characters",
		Doc:      "Your name for the work. A `scale_down` with it takes workers of that task only.",
		Metadata: true, Variable: "OTTO_TASK_ID", Always: true,
		Flag: Flag{Name: "task", Usage: "your name for the work"}, Schema: Schema{Pattern: oneLine, MaxLength: maxTaskID},
		decode: (*decoder).taskID,
	},
	{
		Name: "timestamp", Takes: "Unix seconds or RFC 3339", Doc: "When the event was made; default: the time in the entry ID.",
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
		decode: (*decoder).deadline, encode: encodeDeadline,
	},
	{
		Name: "traceparent", Takes: "a W3C trace context", Doc: "The trace that the workers belong to.", Variable: "TRACEPARENT",
		decode: (*decoder).traceparent, encode: func(e *Event) string { return e.Traceparent },
	},
	{
		Name: "tracestate", Takes: "at most 512 bytes of UTF-8 without control characters", Doc: "Its vendors' part.",
		Variable: "TRACESTATE", Schema: Schema{Pattern: oneLine, MaxLength: maxTracestate},
		decode: (*decoder).tracestate, encode: func(e *Event) string { return e.Tracestate },
	},
}

// oneLine is text without control characters, as a JSON Schema pattern.
const oneLine = `^[^\u0000-\u001f\u007f-\u009f]*$`

// encodeTimestamp leaves the default out: the time in the entry ID may lie past the year 9999, which RFC 3339 cannot spell.
func encodeTimestamp(e *Event) string {
	if e.Timestamp.Equal(e.EventID.Time()) {
		return ""
	}
	return e.Timestamp.UTC().Format(time.RFC3339Nano)
}

func encodeDeadline(e *Event) string {
	if e.Deadline <= 0 {
		return ""
	}
	return strconv.FormatInt(int64(e.Deadline/time.Second), 10)
}
