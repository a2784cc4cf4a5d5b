//go:build real

package redis

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func (p *place) reader() *Reader { return NewReader(p.client, stream, group) }

// TestReader: one event from its XADD to its end, as the commands see it.
func TestReader(t *testing.T) {
	p := realPlace(t)
	r := p.reader()
	id, err := r.Add(t.Context(), map[string]string{"type": "scale_up", "pod_count": "1", "task_id": "task-123"})
	if err != nil {
		t.Fatal(err)
	}
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
		t.Errorf("before anybody reads: %+v", got)
	}
	j := p.begun(t)
	p.do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
	if got := entry(); !got.Delivered || !got.Pending || got.Deliveries != 1 {
		t.Errorf("read: %+v", got)
	}
	at := time.UnixMilli(int64(id.Ms)).UTC()
	ev := event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: at, Metadata: map[string]string{"task_id": "task-123"}}
	commit := func(writes ...worker.Write) {
		t.Helper()
		if err := j.Commit(t.Context(), writes); err != nil {
			t.Fatal(err)
		}
	}
	commit(worker.Accept{Event: ev, Hash: "h", At: at})
	story, last, err := r.Story(t.Context(), id)
	if err != nil || len(story) != 1 || story[0].Kind() != "accepted" {
		t.Fatalf("%v, %v", story, err)
	}
	if records, err := r.Open(t.Context()); err != nil || len(records) != 1 || records[0].Event.EventID != id {
		t.Errorf("open: %+v, %v", records, err)
	}
	commit(worker.Settle{ID: id, TaskID: "task-123", At: at},
		worker.Close{ID: id, TaskID: "task-123", Slots: 1, Counts: worker.Counts{Succeeded: 1}, At: at})
	news, _, err := r.Follow(t.Context(), id, last)
	if err != nil || len(news) != 2 || news[0].Ends() || !news[1].Ends() || news[1].Fields["n_succeeded"] != "1" {
		t.Errorf("followed: %v, %v", news, err)
	}
	stories, err := r.Stories(t.Context(), []event.ID{{Ms: 5}, id})
	if err != nil || len(stories) != 1 || len(stories[id]) != 3 || stories[id][0].Kind() != "accepted" {
		t.Errorf("all stories: %v, %v", stories, err)
	}
	settled := func(s Said) bool { return s.Kind() == "settled" }
	if got, err := r.Since(t.Context(), at, settled); err != nil || len(got) != 1 || got[0].Fields["event_id"] != id.String() {
		t.Errorf("since then: %v, %v", got, err)
	}
	if got, err := r.Since(t.Context(), time.Now().Add(time.Hour), settled); err != nil || len(got) != 0 {
		t.Errorf("since later: %v, %v", got, err)
	}
	if ids, err := r.OfTask(t.Context(), "task-123", 5); err != nil || !cmp.Equal(ids, []event.ID{id}) {
		t.Errorf("of the task: %v, %v", ids, err)
	}
	if records, err := r.Open(t.Context()); err != nil || len(records) != 0 {
		t.Errorf("open in the end: %+v, %v", records, err)
	}
	if records, err := r.Closed(t.Context()); err != nil || len(records) != 1 || records[0].Counts.Succeeded != 1 {
		t.Errorf("closed: %+v, %v", records, err)
	}
	for range readPage {
		p.do(t, "XADD", p.keys.Status(), "*", "kind", "more", "event_id", id.String())
	}
	if stories, err := r.Stories(t.Context(), []event.ID{id}); err != nil || len(stories[id]) != 3+readPage {
		t.Errorf("over more than a page: %d, %v", len(stories[id]), err)
	}
	if e, err := r.Entry(t.Context(), event.ID{Ms: 5}); e != nil || err != nil {
		t.Errorf("an entry that is not there: %v, %v", e, err)
	}
}

// TestRedrive: a letter is sent again once, whole and mended, or not at all.
func TestRedrive(t *testing.T) {
	p := realPlace(t)
	r, j := p.reader(), p.begun(t)
	at := time.UnixMilli(5).UTC()
	huge := map[string]string{"type": "scale_up", "x": strings.Repeat("x", deadMaxBody)}
	err := j.Commit(t.Context(), []worker.Write{
		worker.Reject{ID: event.ID{Ms: 5}, Fields: huge, Code: "invalid_metadata", Reason: "too much", At: at},
		worker.Reject{ID: event.ID{Ms: 6}, Fields: map[string]string{"type": "scale_up", "pod_count": "zero"}, Code: "invalid_pod_count", Reason: "no number", At: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := r.Letters(t.Context(), 10)
	if err != nil || len(letters) != 2 || letters[0].Original != "6-0" || letters[0].Code != "invalid_pod_count" || letters[1].Omitted != "1" {
		t.Fatalf("%+v, %v", letters, err)
	}
	if l, err := r.LetterOf(t.Context(), event.ID{Ms: 5}); err != nil || l == nil || l.ID != letters[1].ID {
		t.Errorf("the letter of an entry: %+v, %v", l, err)
	}
	mended := func(f map[string]string) error { f["pod_count"] = "3"; return nil }
	refusal := errors.New("not mended")
	for name, test := range map[string]struct {
		letter string
		change func(map[string]string) error
		want   string
	}{
		"not whole":  {letters[1].ID, mended, ErrNotWhole.Error()},
		"not there":  {"1-1", mended, "there is no dead letter"},
		"not mended": {letters[0].ID, func(map[string]string) error { return refusal }, refusal.Error()},
	} {
		if _, err := r.Redrive(t.Context(), test.letter, test.change); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := p.raw.XLen(t.Context(), stream).Val(); n != 0 {
		t.Errorf("%d entries were sent nevertheless", n)
	}
	id, err := r.Redrive(t.Context(), letters[0].ID, mended)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Entry(t.Context(), id)
	if err != nil || e == nil {
		t.Fatal(e, err)
	}
	if diff := cmp.Diff(map[string]string{"type": "scale_up", "pod_count": "3"}, e.Fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := r.Redrive(t.Context(), letters[0].ID, mended); err == nil {
		t.Error("it was sent twice")
	}
}
