package records

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// snapshot is what clients understand of a record, as far as the product does.
type snapshot struct {
	Type      string            `json:"type"`
	PodCount  int               `json:"pod_count,omitempty"`
	TaskID    string            `json:"task_id,omitempty"`
	Queue     string            `json:"queue"`
	Seq       int               `json:"seq,omitempty"`
	SettledAt string            `json:"settled_at,omitempty"`
	ClosedAt  string            `json:"closed_at,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Workers   []snapshotWorker  `json:"workers,omitempty"`
	Victims   []snapshotVictim  `json:"victims,omitempty"`
}

type snapshotWorker struct {
	Index    int    `json:"index"`
	Attempt  int    `json:"attempt"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
	ExitCode *int   `json:"exit_code,omitempty"`
	UID      string `json:"uid,omitempty"`
	Node     string `json:"node,omitempty"`
	At       string `json:"at,omitempty"`
}

type snapshotVictim struct {
	EventID string `json:"event_id"`
	Index   int    `json:"index"`
}

type snapshotCase struct {
	Name     string            `json:"name"`
	EventID  string            `json:"event_id"`
	Fields   map[string]string `json:"fields"`
	Snapshot *snapshot         `json:"snapshot"`
}

// stricter are records that the product does not write, and that clients can make something of.
var stricter = []string{
	"a slot in a state of a later release", "closed, the defaults written out",
	"closed, what is left of slots is ignored", "closed, slots without outcomes are ignored", "outcomes of an open record are ignored",
	"closed, encoded reasons", "unknown fields are ignored",
}

func TestSnapshotsConform(t *testing.T) {
	for _, c := range golden.Cases[snapshotCase](t, "../../../api/conformance/snapshots.json") {
		id, err := event.ParseID(c.EventID)
		if err != nil {
			t.Fatal(err)
		}
		record, err := decodeRecord(id, "key", c.Fields)
		switch understood := c.Snapshot != nil && !slices.Contains(stricter, c.Name); {
		case understood && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case understood:
			if diff := cmp.Diff(*c.Snapshot, snapshotOf(&record, c.Fields)); diff != "" {
				t.Errorf("%s (-clients +product):\n%s", c.Name, diff)
			}
		case err == nil && c.Snapshot == nil:
			t.Errorf("%s: the product reads it, the clients do not", c.Name)
		}
	}
}

func snapshotOf(r *worker.Record, fields map[string]string) snapshot {
	e := &r.Event
	s := snapshot{Type: string(e.Type), PodCount: e.PodCount, TaskID: e.TaskID(), Queue: e.Queue, Seq: r.Seq}
	if r.Settled {
		s.SettledAt = fields["settled"]
	}
	if r.Closed {
		s.ClosedAt = fields["closed"]
	}
	for k, v := range e.Metadata {
		if k == event.FieldTaskID {
			continue
		}
		if s.Metadata == nil {
			s.Metadata = make(map[string]string)
		}
		s.Metadata[strings.TrimPrefix(k, metaPrefix)] = v
	}
	for i := range r.Slots {
		if w := &r.Slots[i]; w.State != "" {
			s.Workers = append(s.Workers, snapshotWorker{i + 1, w.Attempt, string(w.State), w.Reason, w.ExitCode, w.UID, w.Node, stampOrNone(w.At)})
		}
	}
	for _, v := range r.Victims {
		s.Victims = append(s.Victims, snapshotVictim{v.Event.String(), v.Slot})
	}
	return s
}

func stampOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}
