package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Type is what an event asks for.
type Type string

// The types of event.
const (
	ScaleUp   Type = "scale_up"
	ScaleDown Type = "scale_down"
	Cancel    Type = "cancel"
)

// Types are all of them, in the order of the documentation.
func Types() []Type { return []Type{ScaleUp, ScaleDown, Cancel} }

// Event is one valid stream entry. The first five fields, and their names in JSON, are those of the original.
type Event struct {
	EventID   ID
	Type      Type
	PodCount  int // 0 of a cancel
	Timestamp time.Time
	Metadata  map[string]string // task_id, if it was sent, and everything that is no field of its own

	IdempotencyKey string        `json:",omitempty"`
	Template       string        `json:",omitempty"` // empty: the built-in one
	Deadline       time.Duration `json:",omitempty"` // 0: the template's
	Traceparent    string        `json:",omitempty"`
	Tracestate     string        `json:",omitempty"`
	Baggage        string        `json:",omitempty"`

	Queue         string        `json:",omitempty"` // whose work it is; DefaultQueue if none was sent
	Priority      string        `json:",omitempty"` // a class; empty: the queue's default
	MaxParallel   int           `json:",omitempty"` // how many of its workers may have a Pod at once; 0: all
	StartDeadline time.Duration `json:",omitempty"` // from acceptance until its workers have a Pod; 0: the queue's
	Image         string        `json:",omitempty"` // of the first container; empty: the template's
	CPU           string        `json:",omitempty"` // its request and limit; empty: the template's
	Memory        string        `json:",omitempty"` // its request and limit; empty: the template's
	Target        ID            `json:",omitzero"`  // of a cancel: the event to cancel; zero: that of the task_id
}

// DefaultQueue is the queue of events that name none.
const DefaultQueue = "default"

// TaskID is the producer's name for the work, empty if it gave none.
func (e *Event) TaskID() string { return e.Metadata[FieldTaskID] }

// Fields are the fields of an entry that Decode turns into this very event: how it is kept, in Redis and while it waits.
// Fields that say nothing are left out.
func (e *Event) Fields() map[string]string {
	fields := make(map[string]string, 4+len(e.Metadata))
	maps.Copy(fields, e.Metadata)
	for i := range table {
		if encode := table[i].encode; encode != nil {
			if value := encode(e); value != table[i].Default {
				fields[table[i].Name] = value
			}
		}
	}
	return fields
}

// MarshalJSON leaves the default queue out, so that a plain event is spelled as in the original.
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	p := plain(e)
	if p.Queue == DefaultQueue {
		p.Queue = ""
	}
	return json.Marshal(p)
}

// Hash identifies what an event asks for: two entries with the same idempotency key and the same hash are one event
// sent twice. Its time and its trace context are left aside, since a client that sends again may set them anew.
func (e *Event) Hash() string { return e.hash(nil) }

// SameAs reports whether an event with that hash asks for the same. Before baggage was a field it was metadata, and so part of it.
func (e *Event) SameAs(hash string) bool {
	return hash == e.Hash() || e.Baggage != "" && hash == e.hash(map[string]string{FieldBaggage: e.Baggage})
}

// hash is that of the event with these metadata besides its own.
func (e *Event) hash(more map[string]string) string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, p := range parts {
			fmt.Fprintf(h, "%d:%s", len(p), p)
		}
	}
	// The parts of the first version, in its order: hashes of older records must stay comparable.
	put(string(e.Type), fmt.Sprint(e.PodCount), e.Template, e.Deadline.String())
	content := make(map[string]string, len(e.Metadata))
	maps.Copy(content, e.Metadata)
	maps.Copy(content, more)
	for i := range table {
		if f := &table[i]; f.hashed {
			if value := f.encode(e); value != f.Default {
				content[f.Name] = value
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(content)) {
		put(k, content[k])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
