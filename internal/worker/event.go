package worker

import "time"

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

// TaskID is the producer's name for the work, empty if it gave none.
func (e *Event) TaskID() string { return e.Metadata["task_id"] }
