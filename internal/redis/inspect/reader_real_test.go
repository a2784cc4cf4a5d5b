//go:build real

package inspect

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	stream = redistest.Stream
	group  = redistest.Group
)

var us = records.Owner{Namespace: "ci", Instance: "ottoscaler", LeaseUID: "6fd2"}

func newReader(p *redistest.Fixture) *Reader { return NewReader(p.Client, stream, group) }

// begun is a Journal whose term has begun.
func begun(t *testing.T, p *redistest.Fixture) *records.Journal {
	t.Helper()
	j := records.New(p.Client, records.Options{
		Stream: stream, Group: group, RecordTTL: time.Hour, Owner: us, Logger: slog.New(slog.DiscardHandler),
	})
	if _, err := j.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

func commit(t *testing.T, j *records.Journal, batch ...worker.Write) {
	t.Helper()
	if err := j.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

// sendOne sends an entry and returns its ID and the event in it.
func sendOne(t *testing.T, r *Reader) (event.ID, event.Event) {
	t.Helper()
	id, err := r.Add(t.Context(), map[string]string{"type": "scale_up", "pod_count": "1", "task_id": "task-123"})
	if err != nil {
		t.Fatal(err)
	}
	return id, event.Event{
		EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: id.Time(), Metadata: map[string]string{"task_id": "task-123"},
	}
}

// TestEntry: from its XADD to its delivery.
func TestEntry(t *testing.T) {
	p := redistest.Real(t)
	r := newReader(p)
	id, _ := sendOne(t, r)
	entry := func() Entry {
		t.Helper()
		e, err := r.Entry(t.Context(), id)
		if err != nil || e == nil || e.Fields["task_id"] != "task-123" {
			t.Fatalf("%+v, %v", e, err)
		}
		e.Fields = nil
		return *e
	}
	if got := entry(); got.Delivered || got.Pending {
		t.Errorf("before it is read: %+v", got)
	}
	begun(t, p)
	p.ReadNew(t, group, redistest.Consumer, 1)
	if diff := cmp.Diff(Entry{Pending: true, Deliveries: 1, Delivered: true}, entry()); diff != "" {
		t.Errorf("after it is read (-want +got):\n%s", diff)
	}
	if e, err := r.Entry(t.Context(), event.ID{Ms: 5}); e != nil || err != nil {
		t.Errorf("a missing entry: %v, %v", e, err)
	}
}

// TestRecords: an event is listed as open until it is closed.
func TestRecords(t *testing.T) {
	p := redistest.Real(t)
	r, j := newReader(p), begun(t, p)
	id, ev := sendOne(t, r)
	at := id.Time()
	commit(t, j, worker.Accept{Event: ev, Hash: "h", At: at})
	if open, err := r.Open(t.Context()); err != nil || len(open) != 1 || open[0].Event.EventID != id {
		t.Errorf("open: %+v, %v", open, err)
	}
	if closed, err := r.Closed(t.Context()); err != nil || len(closed) != 0 {
		t.Errorf("closed: %+v, %v", closed, err)
	}
	commit(t, j, worker.Settle{ID: id, At: at}, worker.Close{ID: id, Counts: worker.Counts{Succeeded: 1}, At: at})
	if open, err := r.Open(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("open in the end: %+v, %v", open, err)
	}
	if closed, err := r.Closed(t.Context()); err != nil || len(closed) != 1 || closed[0].Counts.Succeeded != 1 {
		t.Errorf("closed in the end: %+v, %v", closed, err)
	}
}
