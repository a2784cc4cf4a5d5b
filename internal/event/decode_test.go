package event_test

import (
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// withMetadata is a valid entry with n metadata fields.
func withMetadata(n, size int) map[string]string {
	f := eventtest.Fields()
	maps.Copy(f, eventtest.Metadata(n, size))
	return f
}

// wantRejected decodes entries that must be rejected with one code, by the name of the case.
func wantRejected(t *testing.T, code string, entries map[string]map[string]string) {
	t.Helper()
	for name, fields := range entries {
		t.Run(name, func(t *testing.T) {
			_, got := event.Decode(event.ID{Ms: 5}, fields, eventtest.Rules())
			if got == nil || got.Code != code {
				t.Fatalf("rejected with %+v, want code %s", got, code)
			}
			if len(got.Reason) > 1024 || !utf8.ValidString(got.Reason) || strings.ContainsAny(got.Reason, "\n\x1b") {
				t.Errorf("the reason is not printable: %q", got.Reason)
			}
		})
	}
}

func TestDecodeRejectsPodCount(t *testing.T) {
	wantRejected(t, event.CodePodCount, map[string]map[string]string{
		"pod_count negative":       eventtest.Fields("pod_count", "-1"),
		"pod_count zero":           eventtest.Fields("pod_count", "0"),
		"pod_count with plus":      eventtest.Fields("pod_count", "+3"),
		"pod_count exponent":       eventtest.Fields("pod_count", "1e9"),
		"pod_count over int64":     eventtest.Fields("pod_count", "9223372036854775808"),
		"pod_count hex":            eventtest.Fields("pod_count", "0x10"),
		"pod_count leading space":  eventtest.Fields("pod_count", " 5"),
		"pod_count trailing space": eventtest.Fields("pod_count", "5 "),
		"pod_count Arabic digit":   eventtest.Fields("pod_count", "٣"),
		"pod_count NaN":            eventtest.Fields("pod_count", "NaN"),
		"pod_count decimal":        eventtest.Fields("pod_count", "5.0"),
		"pod_count underscore":     eventtest.Fields("pod_count", "1_0"),
		"pod_count empty":          eventtest.Fields("pod_count", ""),
		"pod_count missing":        eventtest.Fields("pod_count", "-"),
		"pod_count over the limit": eventtest.Fields("pod_count", "1001"),
	})
}

func TestDecodeRejectsFields(t *testing.T) {
	wantRejected(t, event.CodeType, map[string]map[string]string{
		"type missing":    eventtest.Fields("type", "-"),
		"type unknown":    eventtest.Fields("type", "scale_sideways"),
		"type upper case": eventtest.Fields("type", "SCALE_UP"),
	})
	wantRejected(t, event.CodeTaskID, map[string]map[string]string{
		"task_id too long":          eventtest.Fields("task_id", strings.Repeat("t", 129)),
		"task_id invalid UTF-8":     eventtest.Fields("task_id", "a\xff"),
		"task_id control character": eventtest.Fields("task_id", "a\x1b[31m"),
		"task_id newline":           eventtest.Fields("task_id", "a\nb"),
	})
	wantRejected(t, event.CodeTimestamp, map[string]map[string]string{
		"timestamp words":           eventtest.Fields("timestamp", "yesterday"),
		"timestamp far":             eventtest.Fields("timestamp", "99999999999999999999"),
		"timestamp of 12 digits":    eventtest.Fields("timestamp", "999999999999"),
		"timestamp of 14 digits":    eventtest.Fields("timestamp", "17672256001230"),
		"timestamp with a fraction": eventtest.Fields("timestamp", "1767225600.5"),
		"timestamp before year 0":   eventtest.Fields("timestamp", "0000-01-01T00:00:00+23:59"),
		"timestamp after year 9999": eventtest.Fields("timestamp", "9999-12-31T23:59:59-23:59"),
		"timestamp empty":           eventtest.Fields("timestamp", ""),
	})
	wantRejected(t, event.CodeIdempotencyKey, map[string]map[string]string{
		"idempotency_key empty":    eventtest.Fields("idempotency_key", ""),
		"idempotency_key too long": eventtest.Fields("idempotency_key", strings.Repeat("k", 129)),
	})
	wantRejected(t, event.CodeTemplate, map[string]map[string]string{
		"template unknown": eventtest.Fields("template", "huge"),
		"template path":    eventtest.Fields("template", "../x"),
		"template empty":   eventtest.Fields("template", ""),
	})
	wantRejected(t, event.CodeDeadline, map[string]map[string]string{
		"deadline over template's": eventtest.Fields("template", "big", "deadline_seconds", "3601"),
		"deadline over built-in's": eventtest.Fields("deadline_seconds", "21601"),
		"deadline zero":            eventtest.Fields("deadline_seconds", "0"),
		"deadline words":           eventtest.Fields("deadline_seconds", "1h"),
	})
}

func TestDecodeRejectsMetadata(t *testing.T) {
	wantRejected(t, event.CodeMetadata, map[string]map[string]string{
		"17 metadata fields":         withMetadata(17, 1),
		"10,000 fields":              withMetadata(10_000, 1),
		"metadata value over 1 KiB":  withMetadata(1, 1025),
		"metadata over 8 KiB in all": withMetadata(9, 1000),
		"metadata key too long":      eventtest.Fields(strings.Repeat("k", 65), "v"),
		"metadata key empty":         eventtest.Fields("", "v"),
		"metadata value not UTF-8":   eventtest.Fields("k", "\xff"),
		"metadata value with NUL":    eventtest.Fields("k", "a\x00b"),
		"metadata keys that collide": eventtest.Fields("git-ref", "a", "git.ref", "b"),
		"an entry of 16 MiB":         eventtest.Fields("k", strings.Repeat("x", 16<<20)),
	})
}

func TestDecodeAccepts(t *testing.T) {
	id := event.ID{Ms: 1756659802903}
	for name, c := range map[string]struct {
		fields map[string]string
		want   event.Event
	}{
		"the usual one": {
			eventtest.Fields("task_id", "task-123"),
			event.Event{PodCount: 3, Metadata: map[string]string{"task_id": "task-123"}},
		},
		"the highest pod_count": {eventtest.Fields("pod_count", "1000"), event.Event{PodCount: 1000}},
		"Hangul and slashes":    {eventtest.Fields("task_id", "빌드/한글/1"), event.Event{PodCount: 3, Metadata: map[string]string{"task_id": "빌드/한글/1"}}},
		"hostile environment": {
			eventtest.Fields("LD_PRELOAD", "/x.so", "PATH", "$(SECRET)", "KUBERNETES_SERVICE_HOST", "\x1b[31mfake\nlevel=INFO"),
			event.Event{PodCount: 3, Metadata: map[string]string{
				"LD_PRELOAD": "/x.so", "PATH": "$(SECRET)", "KUBERNETES_SERVICE_HOST": "\x1b[31mfake\nlevel=INFO",
			}},
		},
		"all fields": {
			eventtest.Fields("idempotency_key", "k", "template", "big", "deadline_seconds", "3600", "tracestate", "a=b", "baggage", "user=kim",
				"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
			event.Event{
				PodCount: 3, IdempotencyKey: "k", Template: "big", Deadline: time.Hour, Tracestate: "a=b", Baggage: "user=kim",
				Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			},
		},
		"a template without a deadline": {
			eventtest.Fields("template", "free", "deadline_seconds", "999999"),
			event.Event{PodCount: 3, Template: "free", Deadline: 999999 * time.Second},
		},
		"16 metadata fields": {withMetadata(16, 1), event.Event{PodCount: 3, Metadata: eventtest.Metadata(16, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.EventID, c.want.Type = id, event.ScaleUp
			if c.want.Timestamp.IsZero() {
				c.want.Timestamp = id.Time()
			}
			if c.want.Metadata == nil {
				c.want.Metadata = map[string]string{}
			}
			c.want.Queue = event.DefaultQueue
			got, bad := event.Decode(id, c.fields, eventtest.Rules())
			if bad != nil {
				t.Fatalf("rejected: %+v", bad)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeTimestamp(t *testing.T) {
	for sent, want := range map[string]time.Time{
		"1700000000":                  time.Unix(1700000000, 0),
		"0":                           time.Unix(0, 0),
		"1767225600123":               time.UnixMilli(1767225600123), // Date.now()
		"2025-08-31T17:03:22.5+09:00": time.Date(2025, 8, 31, 8, 3, 22, 5e8, time.UTC),
	} {
		e, bad := event.Decode(event.ID{Ms: 5}, eventtest.Fields("timestamp", sent), eventtest.Rules())
		if bad != nil || e.Timestamp != want.UTC() {
			t.Errorf("%s: %v, %+v", sent, e.Timestamp, bad)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("scale_up", "3", "task-123", "key", "value", "queue", "web")
	f.Add("scale_down", "-1", "\xff", "$(A)", "\x00", "max_parallel", "0")
	f.Add("cancel", "", "t", "event_id", "5-0", "queue", "a b")
	f.Add("scale_up", "1", "", "image", "a/b:c", "memory", "1.5Gi")
	f.Add("scale_up", "1", "", "cpu", "0.001", "timestamp", "1767225600123")
	f.Fuzz(func(t *testing.T, kind, count, task, key, value, key2, value2 string) {
		fields := map[string]string{"type": kind, "pod_count": count, "task_id": task, key: value, key2: value2}
		maps.DeleteFunc(fields, func(k, v string) bool { return k == "pod_count" && v == "" })
		id := event.ID{Ms: 1}
		e, bad := event.Decode(id, fields, eventtest.Rules())
		if bad != nil {
			if bad.Code == "" || len(bad.Reason) > 2048 || !utf8.ValidString(bad.Reason) {
				t.Errorf("an unusable rejection: %+v", bad)
			}
			return
		}
		if (e.PodCount < 1) != (e.Type == event.Cancel) || e.PodCount > 1000 || len(e.TaskID()) > 128 || len(e.Metadata) > 17 || len(e.Queue) > 63 {
			t.Errorf("an event out of bounds: %+v", e)
		}
		again, bad := event.Recall(id, e.Fields(), 1000)
		if diff := cmp.Diff(e, again); bad != nil || diff != "" {
			t.Errorf("recalled as another one: %+v\n%s", bad, diff)
		}
	})
}

// FuzzRecall: whatever a record says, what is recalled of it is recalled the same again.
func FuzzRecall(f *testing.F) {
	f.Add("scale_up", "queue", "a b", "priority", "")
	f.Add("cancel", "event_id", "5-0", "task_id", "")
	f.Add("scale_up", "event_id", "x", "memory", "-1")
	f.Fuzz(func(t *testing.T, kind, key, value, key2, value2 string) {
		fields := map[string]string{"type": kind, "pod_count": "2", key: value, key2: value2}
		if kind == string(event.Cancel) {
			delete(fields, "pod_count")
		}
		id := event.ID{Ms: 1}
		e, bad := event.Recall(id, fields, 1000)
		if bad != nil {
			return
		}
		again, bad := event.Recall(id, e.Fields(), 1000)
		if diff := cmp.Diff(e, again); bad != nil || diff != "" {
			t.Errorf("recalled as another one: %+v\n%s", bad, diff)
		}
	})
}
