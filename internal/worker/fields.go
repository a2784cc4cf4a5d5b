package worker

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fields are the fields of an entry that Decode turns into this very event: how it is kept, in Redis and while it waits.
// Fields that say nothing are left out.
func (e *Event) Fields() map[string]string {
	fields := make(map[string]string, 4+len(e.Metadata))
	maps.Copy(fields, e.Metadata)
	put := func(name, value string) {
		if value != "" {
			fields[name] = value
		}
	}
	put("type", string(e.Type))
	put("pod_count", strconv.Itoa(e.PodCount))
	// The time in the entry ID is the default, and may lie past the year 9999, which RFC 3339 cannot spell.
	if !e.Timestamp.Equal(e.EventID.Time()) {
		put("timestamp", e.Timestamp.UTC().Format(time.RFC3339Nano))
	}
	put("idempotency_key", e.IdempotencyKey)
	put("template", e.Template)
	if e.Deadline > 0 {
		put("deadline_seconds", strconv.FormatInt(int64(e.Deadline/time.Second), 10))
	}
	put("traceparent", e.Traceparent)
	put("tracestate", e.Tracestate)
	return fields
}

// Recall is Decode for what was an event once: by the rules of the stream, without those of the operator, who may have
// changed his since.
func Recall(id ID, fields map[string]string, maxPods int) (Event, *Rejection) {
	return Decode(id, fields, Rules{MaxPods: maxPods, Deadlines: map[string]time.Duration{fields["template"]: 0}})
}

// pack makes one string of fields, in the order of their names: `<length>:<name><length>:<value>…`.
func pack(fields map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, text := range []string{name, fields[name]} {
			b.WriteString(strconv.Itoa(len(text)))
			b.WriteByte(':')
			b.WriteString(text)
		}
	}
	return b.String()
}

// unpack is the inverse of pack; what pack did not make gives nonsense.
func unpack(packed string) map[string]string {
	fields := make(map[string]string)
	next := func() string {
		length, rest, _ := strings.Cut(packed, ":")
		n, _ := strconv.Atoi(length)
		n = min(n, len(rest))
		packed = rest[n:]
		return rest[:n]
	}
	for packed != "" {
		name := next()
		fields[name] = next()
	}
	return fields
}
