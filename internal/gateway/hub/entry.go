package hub

import (
	"encoding/json"
	"strconv"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// Bounds of what is passed on: the leader writes the status stream, but anybody with the right to its key may have.
const (
	maxFields = 64
	maxValue  = 8 << 10 // bytes: twice the largest message
)

// Entry is one status entry, ready to be sent.
type Entry struct {
	ID      event.ID
	EventID event.ID // zero: it belongs to none
	Kind    string
	Seq     int // of its event; 0: it has none
	TaskID  string
	Queue   string // empty: that of a duplicate or of what was rejected is not known
	JSON    []byte // its fields as one object, numbers as such
}

// numbers are the fields whose values are numbers in JSON.
var numbers = map[string]bool{
	"seq": true, "index": true, "attempt": true, "exit_code": true, "n_asked": true, "n_taken": true, "n_waiting": true,
	"n_with_pod": true, "n_succeeded": true, "n_failed": true, "n_cancelled": true, "n_lost": true,
}

// NewEntry encodes a status entry. Not ok: its ID is none of an entry.
func NewEntry(s inspect.StatusEntry) (e Entry, ok bool) {
	id, err := event.ParseID(s.ID)
	if err != nil {
		return Entry{}, false
	}
	e = Entry{ID: id, Kind: s.Fields["kind"], TaskID: s.Fields["task_id"], Queue: s.Fields["queue"]}
	e.EventID, _ = event.ParseID(s.Fields["event_id"]) // what is no ID belongs to no event
	e.Seq, _ = strconv.Atoi(s.Fields["seq"])           // what is no number is none
	e.JSON, err = json.Marshal(View(s))
	return e, err == nil
}

// View is a status entry as it is shown: the names and values of the status stream, and `id`, its own ID.
func View(s inspect.StatusEntry) map[string]any {
	view := make(map[string]any, len(s.Fields)+1)
	for name, value := range s.Fields {
		if len(view) == maxFields {
			break
		}
		view[text.Line(name, maxFields)] = fieldValue(name, value)
	}
	view["id"] = s.ID
	return view
}

func fieldValue(name, value string) any {
	if numbers[name] {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	}
	return text.Head(value, maxValue)
}
