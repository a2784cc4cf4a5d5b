package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Type is what an event asks for.
type Type string

// The two types of event.
const (
	ScaleUp   Type = "scale_up"
	ScaleDown Type = "scale_down"
)

// Event is one valid stream entry. The first five fields, and their names in JSON, are those of the original.
type Event struct {
	EventID   ID
	Type      Type
	PodCount  int
	Timestamp time.Time
	Metadata  map[string]string // task_id, if it was sent, and everything that is no field of its own

	IdempotencyKey string        `json:",omitempty"`
	Template       string        `json:",omitempty"` // empty: the built-in one
	Deadline       time.Duration `json:",omitempty"` // 0: the template's
	Traceparent    string        `json:",omitempty"`
	Tracestate     string        `json:",omitempty"`
}

// keyTaskID is the one metadata key with a meaning of its own.
const keyTaskID = "task_id"

// TaskID is the producer's name for the work, empty if it gave none.
func (e *Event) TaskID() string { return e.Metadata[keyTaskID] }

// Hash identifies what an event asks for: two entries with the same idempotency key and the same hash are one event
// sent twice. Its time and its trace context are left aside, since a client that sends again may set them anew.
func (e *Event) Hash() string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, p := range parts {
			fmt.Fprintf(h, "%d:%s", len(p), p)
		}
	}
	put(string(e.Type), fmt.Sprint(e.PodCount), e.Template, e.Deadline.String())
	for _, k := range slices.Sorted(maps.Keys(e.Metadata)) {
		put(k, e.Metadata[k])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MetaVariable is the environment variable a metadata field arrives in: upper case, and `_` for whatever no shell
// takes in a name.
func MetaVariable(key string) string {
	return "OTTO_META_" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, key)
}
