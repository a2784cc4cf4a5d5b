package client

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of an entry, in bytes.
const (
	maxMetaFields = 16
	maxMetaName   = 64
	maxMetaValue  = 1 << 10
	maxMetaTotal  = 8 << 10
	maxEntry      = 64 << 10
)

const (
	fieldKey     = "idempotency_key"
	codeMetadata = "invalid_metadata"
)

// isField: the names of the fields that have a meaning of their own, and whether the field counts in the bounds of metadata, since it
// came later.
var isField = map[string]bool{
	"type": false, "pod_count": false, "task_id": false, "timestamp": false, fieldKey: false, "template": false,
	"deadline_seconds": false, "traceparent": false, "tracestate": false, "baggage": false, "queue": true, "priority": true,
	"max_parallel": true, "start_deadline_seconds": true, "image": true, "cpu": true, "memory": true, "event_id": true,
}

// entry collects the fields of a request, and the first problem.
type entry struct {
	fields map[string]string
	err    error
}

func newEntry(kind string) *entry { return &entry{fields: map[string]string{"type": kind}} }

// line is a short text without control characters.
func (e *entry) line(name, code, value string) {
	e.check(len(value) <= maxLine, code, "%s has %d bytes: at most %d", name, len(value), maxLine)
	e.check(utf8.ValidString(value), code, "%s is not valid UTF-8", name)
	e.check(!strings.ContainsFunc(value, unicode.IsControl), code, "%s has control characters", name)
	e.text(name, value)
}

// finish adds the metadata and checks the bounds of the whole.
func (e *entry) finish(metadata map[string]string) (map[string]string, error) {
	count, total := 0, 0
	for name, value := range e.fields {
		if isField[name] {
			count++
			total += len(name) + len(value)
		}
	}
	for name, value := range metadata {
		_, taken := isField[name]
		e.check(!taken, codeMetadata, "metadata may not be named %q: the field has a meaning of its own", name)
		e.check(name != "", codeMetadata, "metadata without a name")
		e.check(len(name) <= maxMetaName, codeMetadata, "the metadata name %.64q has %d bytes: at most %d", name, len(name), maxMetaName)
		e.check(len(value) <= maxMetaValue, codeMetadata, "the metadata %q has %d bytes: at most %d", name, len(value), maxMetaValue)
		e.check(utf8.ValidString(name) && utf8.ValidString(value), codeMetadata, "the metadata %q is not valid UTF-8", name)
		e.check(!strings.ContainsRune(value, 0), codeMetadata, "the metadata %q has a NUL byte", name)
		count++
		total += len(name) + len(value)
	}
	e.check(count <= maxMetaFields, codeMetadata, "%d metadata fields, later fields such as queue included: at most %d", count, maxMetaFields)
	e.check(total <= maxMetaTotal, codeMetadata, "the metadata has %d bytes, names included: at most %d", total, maxMetaTotal)
	if e.err != nil {
		return nil, e.err
	}
	size := 0
	maps.Copy(e.fields, metadata)
	for name, value := range e.fields {
		size += len(name) + len(value)
	}
	e.check(size <= maxEntry, "too_large", "the entry has %d bytes: at most %d", size, maxEntry)
	return e.fields, e.err
}
