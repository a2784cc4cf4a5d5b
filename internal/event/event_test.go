package event_test

import (
	"encoding/json"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

func TestEventInJSON(t *testing.T) {
	e, bad := event.Decode(event.ID{Ms: 1756659802903}, eventtest.Fields("task_id", "task-123"), eventtest.Rules())
	if bad != nil {
		t.Fatal(bad)
	}
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"EventID":"1756659802903-0","Type":"scale_up","PodCount":3,"Timestamp":"2025-08-31T17:03:22.903Z",` +
		`"Metadata":{"task_id":"task-123"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventOfTheFarFutureInJSON(t *testing.T) {
	e, bad := event.Decode(event.ID{Ms: 1<<64 - 1, Seq: 1}, eventtest.Fields(), eventtest.Rules())
	if bad != nil {
		t.Fatal(bad)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Errorf("with an ID that a producer may set: %v", err)
	}
}

// TestHashesOfEarlierReleases: idempotency keys outlive an upgrade, and a rollback. The values are those of the release before
// the fields were added, to which they were metadata.
func TestHashesOfEarlierReleases(t *testing.T) {
	for want, entries := range map[string][]map[string]string{
		"32177776d8a25e8a92250e91194fe010": {eventtest.Fields(), eventtest.Fields("queue", "default")},
		"a5895ba1a1f699d2f3aae50185cfcce0": {eventtest.Fields("queue", "web", "cpu", "1")},
	} {
		for _, fields := range entries {
			if e, _ := event.Decode(event.ID{Ms: 1}, fields, eventtest.Rules()); e.Hash() != want {
				t.Errorf("%v: %s, want %s", fields, e.Hash(), want)
			}
		}
	}
}

func TestHashIgnoresTimeAndTrace(t *testing.T) {
	base, _ := event.Decode(event.ID{Ms: 1}, eventtest.Fields("task_id", "t"), eventtest.Rules())
	again, _ := event.Decode(event.ID{Ms: 2}, eventtest.Fields("task_id", "t", "timestamp", "5", "tracestate", "a=b"), eventtest.Rules())
	if base.Hash() != again.Hash() {
		t.Error("the same request sent twice has two hashes")
	}
	for _, other := range []map[string]string{
		eventtest.Fields("task_id", "u"), eventtest.Fields("task_id", "t", "pod_count", "4"), eventtest.Fields("task_id", "t", "template", "big"),
		eventtest.Fields("task_id", "t", "k", "v"), eventtest.Fields("task_id", "t", "deadline_seconds", "5"),
		eventtest.Fields("task_id", "t", "queue", "web"), eventtest.Fields("task_id", "t", "priority", "low"),
		eventtest.Fields("task_id", "t", "max_parallel", "1"), eventtest.Fields("task_id", "t", "start_deadline_seconds", "5"),
		eventtest.Fields("task_id", "t", "image", "a"), eventtest.Fields("task_id", "t", "cpu", "1"),
		eventtest.Fields("task_id", "t", "memory", "1Gi"), eventtest.Fields("task_id", "t", "event_id", "5-0"),
	} {
		if e, _ := event.Decode(event.ID{Ms: 1}, other, eventtest.Rules()); e.Hash() == base.Hash() {
			t.Errorf("%v has the hash of another request", other)
		}
	}
}
