package inspect

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var pausedAt = time.UnixMilli(1756659802903).UTC()

// TestQueues: views are sorted and bounded, and what cannot be read is left out.
func TestQueues(t *testing.T) {
	p := redistest.Mini(t)
	r := NewReader(p.Client, redistest.Stream, redistest.Group)
	p.Do(t, "HSET", p.Keys.Queues(),
		"web", `{"name":"other","weight":3,"max_workers":200,"waiting":4,"live":2,"oldest":"2025-08-31T17:03:22.903Z",`+
			`"paused":{"by":"kim","reason":"a\nb"},"limit":"capacity\u001b is used up",`+
			`"lanes":[{"template":"go","state":"open","cause":"admission","message":"failed calling\nwebhook","since":"2025-08-31T17:03:22.903Z"}]}`,
		"ml", `{"weight":-1,"max_workers":-1,"waiting":-1,"live":-1}`,
		"lanes", `{"weight":1,"lanes":[`+strings.Repeat("{},", maxLanes+7)+`{}]}`,
		"garbage", "[]", "huge", `{"limit":"`+strings.Repeat("x", maxQueueView)+`"}`, strings.Repeat("q", maxQueueName+1), "{}")
	got, err := r.Queues(t.Context())
	want := []worker.QueueView{
		{Name: "lanes", Weight: 1, Lanes: make([]worker.LaneView, maxLanes)},
		{Name: "ml", Weight: 1},
		{
			Name: "web", Weight: 3, MaxWorkers: 200, Waiting: 4, Live: 2, Oldest: pausedAt, Limit: "capacity is used up",
			Paused: &worker.Paused{By: "kim", Reason: "a b"},
			Lanes:  []worker.LaneView{{Template: "go", State: "open", Cause: "admission", Message: "failed calling webhook", Since: pausedAt}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestRefusedAt(t *testing.T) {
	p := redistest.Mini(t)
	r := NewReader(p.Client, redistest.Stream, redistest.Group)
	p.Do(t, "HSET", p.Keys.Refused(), "5-1", "1756659802903", "6-0", "soon", "7-0", "-1", "8-0", "99999999999999999")
	for id, want := range map[event.ID]time.Time{
		{Ms: 5, Seq: 1}: pausedAt, {Ms: 5}: {}, {Ms: 6}: {}, {Ms: 7}: {}, {Ms: 8}: {},
	} {
		if got, err := r.RefusedAt(t.Context(), id); err != nil || !got.Equal(want) {
			t.Errorf("event %s: %v, %v; want %v", id, got, err, want)
		}
	}
}

// TestReadersSayWhatFailed: a key of another type is an error that names what was read.
func TestReadersSayWhatFailed(t *testing.T) {
	p := redistest.Mini(t)
	r := NewReader(p.Client, redistest.Stream, redistest.Group)
	for _, key := range []string{p.Keys.Pause(), p.Keys.Queues(), p.Keys.Refused()} {
		p.Do(t, "SET", key, "x")
	}
	_, paused := r.Paused(t.Context())
	_, queues := r.Queues(t.Context())
	_, refused := r.RefusedAt(t.Context(), event.ID{Ms: 5})
	for want, err := range map[string]error{"what is paused": paused, "the queues": queues, "was refused": refused} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
