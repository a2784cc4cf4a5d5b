package event_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// cancelFields are those of a valid cancel with some of its own.
func cancelFields(pairs ...string) map[string]string {
	return eventtest.Fields(append([]string{"type", "cancel", "pod_count", "-"}, pairs...)...)
}

func TestDecodeRejectsQueueFields(t *testing.T) {
	wantRejected(t, event.CodeQueue, map[string]map[string]string{
		"empty":    eventtest.Fields("queue", ""),
		"64 bytes": eventtest.Fields("queue", strings.Repeat("q", 64)),
		"a space":  eventtest.Fields("queue", "a b"),
		"all":      eventtest.Fields("queue", "*"),
		"Hangul":   eventtest.Fields("queue", "한글"),
		"newline":  eventtest.Fields("queue", "web\n"),
	})
	wantRejected(t, event.CodePriority, map[string]map[string]string{
		"empty": eventtest.Fields("priority", ""), "a space": eventtest.Fields("priority", "very high"),
		"64 bytes": eventtest.Fields("priority", strings.Repeat("p", 64)),
	})
	numbers := func(field string) map[string]map[string]string {
		all := make(map[string]map[string]string)
		for _, v := range []string{"", "0", "-1", "+1", "1.0", "1e3", " 1", "٣", "1h", "2147483648", "99999999999999999999"} {
			all[v] = eventtest.Fields(field, v)
		}
		return all
	}
	wantRejected(t, event.CodeMaxParallel, numbers("max_parallel"))
	wantRejected(t, event.CodeStartDeadline, numbers("start_deadline_seconds"))
}

func TestDecodeRejectsOverrides(t *testing.T) {
	for field, values := range map[string][]string{
		"image": {
			"", "Busybox", "a b", "/a", "a//b", "a:", "a:b:c", "a@sha256:12", "$(IMAGE)", "a/../b", "https://a/b", "a\n",
			strings.Repeat("a", 513), "레지스트리/a",
		},
		"cpu":    {"", "0", "0m", "0.0", "-1", "+1", "1k", "0.5m", "1.2345", "1e3", " 1", "NaN", "1Gi", "1000000000000000"},
		"memory": {"", "0", "0Gi", "-1Gi", "100m", "0.5", "1gi", "1 Gi", "1e9", "1KiB", "64Pi", "1.2345Gi", "0.001Ki"},
	} {
		all := make(map[string]map[string]string)
		for _, v := range values {
			all[v] = eventtest.Fields(field, v)
		}
		wantRejected(t, event.CodeOverride, all)
	}
}

func TestDecodeRejectsCancel(t *testing.T) {
	wantRejected(t, event.CodeCancel, map[string]map[string]string{
		"neither":            cancelFields(),
		"both":               cancelFields("event_id", "5-0", "task_id", "t"),
		"an empty task":      cancelFields("task_id", ""),
		"no ID":              cancelFields("event_id", "yesterday"),
		"an empty ID":        cancelFields("event_id", ""),
		"the zero ID":        cancelFields("event_id", "0-0"),
		"a pod_count":        cancelFields("task_id", "t", "pod_count", "1"),
		"queue and event_id": cancelFields("event_id", "5-0", "queue", "web"),
	})
	wantRejected(t, event.CodePodCount, map[string]map[string]string{
		"an event_id does not make a cancel": eventtest.Fields("pod_count", "-", "event_id", "5-0"),
	})
}

// TestAddedFieldsAreCounted: to an older release they are metadata, and it has to read the record after a rollback.
func TestAddedFieldsAreCounted(t *testing.T) {
	sixteen := withMetadata(15, 1)
	sixteen["queue"] = "web"
	if _, bad := event.Decode(event.ID{Ms: 5}, sixteen, eventtest.Rules()); bad != nil {
		t.Errorf("16 with the queue: %+v", bad)
	}
	seventeen := maps.Clone(sixteen)
	seventeen["cpu"] = "1"
	full := withMetadata(8, 1020) // 8 KiB and no byte more
	full["queue"] = "q"
	wantRejected(t, event.CodeMetadata, map[string]map[string]string{
		"17 with queue and cpu": seventeen, "8 KiB and a queue": full,
		"a key that meets a field's": eventtest.Fields("max_parallel", "1", "max-parallel", "2"),
	})
}

func TestDecodeQueueFields(t *testing.T) {
	id := event.ID{Ms: 7}
	for name, c := range map[string]struct {
		fields map[string]string
		want   event.Event
	}{
		"all of a scale_up": {
			eventtest.Fields("queue", "team/web_1.x-y", "priority", "high", "max_parallel", "010", "start_deadline_seconds", "90",
				"image", "registry.example:5000/ci/go:1.26", "cpu", "1.5", "memory", "2Gi"),
			event.Event{
				Type: event.ScaleUp, PodCount: 3, Queue: "team/web_1.x-y", Priority: "high", MaxParallel: 10,
				StartDeadline: 90 * time.Second, Image: "registry.example:5000/ci/go:1.26", CPU: "1.5", Memory: "2Gi",
			},
		},
		"the default by its name":    {eventtest.Fields("queue", "default"), event.Event{Type: event.ScaleUp, PodCount: 3, Queue: "default"}},
		"a scale_down with a queue":  {eventtest.Fields("type", "scale_down", "queue", "web"), event.Event{Type: event.ScaleDown, PodCount: 3, Queue: "web"}},
		"a cancel of an event":       {cancelFields("event_id", "5-10"), event.Event{Type: event.Cancel, Queue: "default", Target: event.ID{Ms: 5, Seq: 10}}},
		"a cancel of a task":         {cancelFields("task_id", "t", "queue", "web"), event.Event{Type: event.Cancel, Queue: "web", Metadata: map[string]string{"task_id": "t"}}},
		"event_id of other metadata": {eventtest.Fields("event_id", "build 7"), event.Event{Type: event.ScaleUp, PodCount: 3, Queue: "default", Metadata: map[string]string{"event_id": "build 7"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.EventID, c.want.Timestamp = id, id.Time()
			if c.want.Metadata == nil {
				c.want.Metadata = map[string]string{}
			}
			got, bad := event.Decode(id, c.fields, eventtest.Rules())
			if diff := cmp.Diff(c.want, got); bad != nil || diff != "" {
				t.Fatalf("%+v\n%s", bad, diff)
			}
			again, bad := event.Recall(id, got.Fields(), 1000)
			if diff := cmp.Diff(got, again); bad != nil || diff != "" {
				t.Errorf("recalled: %+v\n%s", bad, diff)
			}
		})
	}
}

// TestRecallOfOlderRelease: what breaks the rule of a later field was metadata when it was accepted, and stays that.
func TestRecallOfOlderRelease(t *testing.T) {
	old := map[string]string{
		"queue": "a b", "priority": "", "max_parallel": "many", "start_deadline_seconds": "1h", "image": "My Image", "cpu": "fast",
		"memory": "lots", "event_id": "build 7",
	}
	fields := eventtest.Fields()
	maps.Copy(fields, old)
	e, bad := event.Recall(event.ID{Ms: 5}, fields, 10)
	if bad != nil {
		t.Fatal(bad)
	}
	want := event.Event{EventID: event.ID{Ms: 5}, Type: event.ScaleUp, PodCount: 3, Timestamp: time.UnixMilli(5).UTC(), Metadata: old, Queue: "default"}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(fields, e.Fields()); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(e.Variables(), event.Variable{Name: "OTTO_META_QUEUE", Value: "a b"}) ||
		!slices.Contains(e.Variables(), event.Variable{Name: "OTTO_QUEUE", Value: "default"}) {
		t.Errorf("its workers' variables: %v", e.Variables())
	}
	if _, bad := event.Check(event.ID{Ms: 5}, fields, 10); bad == nil {
		t.Error("what is recalled is accepted anew as well")
	}
}

func TestInvalidTraceIsIgnored(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, c := range map[string]struct{ parent, state, wantParent, wantState string }{
		"both valid":        {parent, "a=b", parent, "a=b"},
		"parent garbage":    {"abc", "a=b", "", ""},
		"parent of zeros":   {"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", "a=b", "", ""},
		"state too long":    {parent, strings.Repeat("s", 513), parent, ""},
		"state two lines":   {parent, "a\nb", parent, ""},
		"state not UTF-8":   {parent, "\xff", parent, ""},
		"parent of 64 KiB":  {strings.Repeat("x", 64<<10), "a=b", "", ""},
		"version ff":        {"ff" + parent[2:], "", "", ""},
		"upper-case parent": {strings.ToUpper(parent), "", "", ""},
	} {
		e, bad := event.Decode(event.ID{Ms: 1}, eventtest.Fields("traceparent", c.parent, "tracestate", c.state), eventtest.Rules())
		if bad != nil || e.Traceparent != c.wantParent || e.Tracestate != c.wantState {
			t.Errorf("%s: %+v, %q, %q", name, bad, e.Traceparent, e.Tracestate)
		}
	}
}

func TestQuantities(t *testing.T) {
	for s, want := range map[string]int64{"1": 1000, "0.5": 500, "0.001": 1, "1m": 1, "1500m": 1500, "007": 7000, "12.34": 12340, "999999999999m": 999999999999} {
		if got, ok := event.ParseCPU(s); !ok || got != want {
			t.Errorf("cpu %s: %d, %v", s, got, ok)
		}
	}
	for s, want := range map[string]int64{"1": 1, "1k": 1000, "1Ki": 1024, "1.5Gi": 3 << 29, "1M": 1e6, "2Gi": 2 << 30, "1Ti": 1 << 40, "1Pi": 1 << 50, "3P": 3e15, "0.5Ki": 512} {
		if got, ok := event.ParseMemory(s); !ok || got != want {
			t.Errorf("memory %s: %d, %v", s, got, ok)
		}
	}
}
