package event_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// many is a valid entry with n metadata fields.
func many(n, size int) map[string]string {
	f := eventtest.Fields()
	maps.Copy(f, eventtest.Metadata(n, size))
	return f
}

func TestDecodeRejects(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string]string
		code   string
	}{
		"pod_count negative":         {eventtest.Fields("pod_count", "-1"), event.CodePodCount},
		"pod_count zero":             {eventtest.Fields("pod_count", "0"), event.CodePodCount},
		"pod_count with plus":        {eventtest.Fields("pod_count", "+3"), event.CodePodCount},
		"pod_count exponent":         {eventtest.Fields("pod_count", "1e9"), event.CodePodCount},
		"pod_count over int64":       {eventtest.Fields("pod_count", "9223372036854775808"), event.CodePodCount},
		"pod_count hex":              {eventtest.Fields("pod_count", "0x10"), event.CodePodCount},
		"pod_count leading space":    {eventtest.Fields("pod_count", " 5"), event.CodePodCount},
		"pod_count trailing space":   {eventtest.Fields("pod_count", "5 "), event.CodePodCount},
		"pod_count Arabic digit":     {eventtest.Fields("pod_count", "٣"), event.CodePodCount},
		"pod_count NaN":              {eventtest.Fields("pod_count", "NaN"), event.CodePodCount},
		"pod_count decimal":          {eventtest.Fields("pod_count", "5.0"), event.CodePodCount},
		"pod_count underscore":       {eventtest.Fields("pod_count", "1_0"), event.CodePodCount},
		"pod_count empty":            {eventtest.Fields("pod_count", ""), event.CodePodCount},
		"pod_count missing":          {eventtest.Fields("pod_count", "-"), event.CodePodCount},
		"pod_count over the limit":   {eventtest.Fields("pod_count", "1001"), event.CodePodCount},
		"type missing":               {eventtest.Fields("type", "-"), event.CodeType},
		"type unknown":               {eventtest.Fields("type", "scale_sideways"), event.CodeType},
		"type upper case":            {eventtest.Fields("type", "SCALE_UP"), event.CodeType},
		"task_id too long":           {eventtest.Fields("task_id", strings.Repeat("t", 129)), event.CodeTaskID},
		"task_id invalid UTF-8":      {eventtest.Fields("task_id", "a\xff"), event.CodeTaskID},
		"task_id control character":  {eventtest.Fields("task_id", "a\x1b[31m"), event.CodeTaskID},
		"task_id newline":            {eventtest.Fields("task_id", "a\nb"), event.CodeTaskID},
		"timestamp words":            {eventtest.Fields("timestamp", "yesterday"), event.CodeTimestamp},
		"timestamp far":              {eventtest.Fields("timestamp", "99999999999999999999"), event.CodeTimestamp},
		"timestamp before year 0":    {eventtest.Fields("timestamp", "0000-01-01T00:00:00+23:59"), event.CodeTimestamp},
		"timestamp after year 9999":  {eventtest.Fields("timestamp", "9999-12-31T23:59:59-23:59"), event.CodeTimestamp},
		"timestamp empty":            {eventtest.Fields("timestamp", ""), event.CodeTimestamp},
		"idempotency_key empty":      {eventtest.Fields("idempotency_key", ""), event.CodeIdempotencyKey},
		"idempotency_key too long":   {eventtest.Fields("idempotency_key", strings.Repeat("k", 129)), event.CodeIdempotencyKey},
		"template unknown":           {eventtest.Fields("template", "huge"), event.CodeTemplate},
		"template path":              {eventtest.Fields("template", "../x"), event.CodeTemplate},
		"template empty":             {eventtest.Fields("template", ""), event.CodeTemplate},
		"deadline over template's":   {eventtest.Fields("template", "big", "deadline_seconds", "3601"), event.CodeDeadline},
		"deadline over built-in's":   {eventtest.Fields("deadline_seconds", "21601"), event.CodeDeadline},
		"deadline zero":              {eventtest.Fields("deadline_seconds", "0"), event.CodeDeadline},
		"deadline words":             {eventtest.Fields("deadline_seconds", "1h"), event.CodeDeadline},
		"traceparent garbage":        {eventtest.Fields("traceparent", "abc"), event.CodeTrace},
		"traceparent zeros":          {eventtest.Fields("traceparent", "00-"+strings.Repeat("0", 32)+"-00f067aa0ba902b7-01"), event.CodeTrace},
		"tracestate too long":        {eventtest.Fields("tracestate", strings.Repeat("s", 513)), event.CodeTrace},
		"17 metadata fields":         {many(17, 1), event.CodeMetadata},
		"10,000 fields":              {many(10_000, 1), event.CodeMetadata},
		"metadata value over 1 KiB":  {many(1, 1025), event.CodeMetadata},
		"metadata over 8 KiB in all": {many(9, 1000), event.CodeMetadata},
		"metadata key too long":      {eventtest.Fields(strings.Repeat("k", 65), "v"), event.CodeMetadata},
		"metadata key empty":         {eventtest.Fields("", "v"), event.CodeMetadata},
		"metadata value not UTF-8":   {eventtest.Fields("k", "\xff"), event.CodeMetadata},
		"metadata value with NUL":    {eventtest.Fields("k", "a\x00b"), event.CodeMetadata},
		"metadata keys that meet":    {eventtest.Fields("git-ref", "a", "git.ref", "b"), event.CodeMetadata},
		"an entry of 16 MiB":         {eventtest.Fields("k", strings.Repeat("x", 16<<20)), event.CodeMetadata},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := event.Decode(event.ID{Ms: 5}, c.fields, eventtest.Rules())
			if got == nil || got.Code != c.code {
				t.Fatalf("Decode says %+v, want code %s", got, c.code)
			}
			if len(got.Reason) > 1024 || !utf8.ValidString(got.Reason) || strings.ContainsAny(got.Reason, "\n\x1b") {
				t.Errorf("the reason cannot be shown to a person: %q", got.Reason)
			}
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	id := event.ID{Ms: 1756659802903}
	for name, c := range map[string]struct {
		fields map[string]string
		want   event.Event
	}{
		"the example": {
			eventtest.Fields("task_id", "task-123"),
			event.Event{PodCount: 3, Metadata: map[string]string{"task_id": "task-123"}},
		},
		"the limit":          {eventtest.Fields("pod_count", "1000"), event.Event{PodCount: 1000}},
		"Hangul and slashes": {eventtest.Fields("task_id", "빌드/한글/1"), event.Event{PodCount: 3, Metadata: map[string]string{"task_id": "빌드/한글/1"}}},
		"hostile environment": {
			eventtest.Fields("LD_PRELOAD", "/x.so", "PATH", "$(SECRET)", "KUBERNETES_SERVICE_HOST", "\x1b[31mfake\nlevel=INFO"),
			event.Event{PodCount: 3, Metadata: map[string]string{"LD_PRELOAD": "/x.so", "PATH": "$(SECRET)", "KUBERNETES_SERVICE_HOST": "\x1b[31mfake\nlevel=INFO"}},
		},
		"a timestamp in Unix seconds": {eventtest.Fields("timestamp", "1700000000"), event.Event{PodCount: 3, Timestamp: time.Unix(1700000000, 0).UTC()}},
		"a timestamp in RFC 3339": {
			eventtest.Fields("timestamp", "2025-08-31T17:03:22.5+09:00"),
			event.Event{PodCount: 3, Timestamp: time.Date(2025, 8, 31, 8, 3, 22, 5e8, time.UTC)},
		},
		"all fields": {
			eventtest.Fields("idempotency_key", "k", "template", "big", "deadline_seconds", "3600", "tracestate", "a=b",
				"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
			event.Event{
				PodCount: 3, IdempotencyKey: "k", Template: "big", Deadline: time.Hour, Tracestate: "a=b",
				Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			},
		},
		"a template without a deadline": {
			eventtest.Fields("template", "free", "deadline_seconds", "999999"),
			event.Event{PodCount: 3, Template: "free", Deadline: 999999 * time.Second},
		},
		"16 metadata fields": {many(16, 1), event.Event{PodCount: 3, Metadata: eventtest.Metadata(16, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.EventID, c.want.Type = id, event.ScaleUp
			if c.want.Timestamp.IsZero() {
				c.want.Timestamp = id.Time()
			}
			if c.want.Metadata == nil {
				c.want.Metadata = map[string]string{}
			}
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

func TestEventInJSON(t *testing.T) {
	e, bad := event.Decode(event.ID{Ms: 1756659802903}, eventtest.Fields("task_id", "task-123"), eventtest.Rules())
	if bad != nil {
		t.Fatal(bad)
	}
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"EventID":"1756659802903-0","Type":"scale_up","PodCount":3,"Timestamp":"2025-08-31T17:03:22.903Z","Metadata":{"task_id":"task-123"}}`
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
		t.Errorf("an event.ID that a producer may choose: %v", err)
	}
}

func TestHashLeavesTimeAndTraceAside(t *testing.T) {
	base, _ := event.Decode(event.ID{Ms: 1}, eventtest.Fields("task_id", "t"), eventtest.Rules())
	again, _ := event.Decode(event.ID{Ms: 2}, eventtest.Fields("task_id", "t", "timestamp", "5", "tracestate", "a=b"), eventtest.Rules())
	if base.Hash() != again.Hash() {
		t.Error("the same request sent twice has two hashes")
	}
	for _, other := range []map[string]string{
		eventtest.Fields("task_id", "u"), eventtest.Fields("task_id", "t", "pod_count", "4"), eventtest.Fields("task_id", "t", "template", "big"),
		eventtest.Fields("task_id", "t", "k", "v"), eventtest.Fields("task_id", "t", "deadline_seconds", "5"),
	} {
		if e, _ := event.Decode(event.ID{Ms: 1}, other, eventtest.Rules()); e.Hash() == base.Hash() {
			t.Errorf("%v has the hash of another request", other)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("scale_up", "3", "task-123", "key", "value")
	f.Add("scale_down", "-1", "\xff", "$(A)", "\x00")
	f.Fuzz(func(t *testing.T, kind, count, task, key, value string) {
		e, bad := event.Decode(event.ID{Ms: 1}, map[string]string{"type": kind, "pod_count": count, "task_id": task, key: value}, eventtest.Rules())
		if bad != nil {
			if bad.Code == "" || len(bad.Reason) > 2048 || !utf8.ValidString(bad.Reason) {
				t.Errorf("a rejection nobody can use: %+v", bad)
			}
			return
		}
		if e.PodCount < 1 || e.PodCount > 1000 || len(e.TaskID()) > 128 || len(e.Metadata) > 17 {
			t.Errorf("an event out of bounds: %+v", e)
		}
	})
}

func TestParseID(t *testing.T) {
	for _, s := range []string{"", "1", "1-", "-1", "01-0", "1-00", "+1-0", "1-0-0", "1-18446744073709551616", "a-b", "٣-0"} {
		if id, err := event.ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", s, id)
		}
	}
	for _, s := range []string{"0-1", "1756659802903-0", "18446744073709551615-18446744073709551615"} {
		if id, err := event.ParseID(s); err != nil || id.String() != s {
			t.Errorf("ParseID(%q) = %v, %v", s, id, err)
		}
	}
	if (event.ID{5, 10}).Compare(event.ID{5, 2}) <= 0 || (event.ID{5, 10}).Compare(event.ID{10, 0}) >= 0 {
		t.Error("IDs are not ordered as numbers")
	}
}

func FuzzPodName(f *testing.F) {
	f.Add("ottoscaler", "otto:scale:events", uint64(1756659802903), uint64(0), 1, 1)
	f.Add("other", "s", uint64(1), uint64(18446744073709551615), 1000, 3)
	f.Fuzz(func(t *testing.T, instance, stream string, ms, seq uint64, slot, attempt int) {
		slot, attempt = max(1, min(slot, 100_000)), max(1, min(attempt, 99))
		name := event.NewNames(instance, stream).Pod(event.ID{ms, seq}, slot, attempt)
		if len(name) > 63 && len(name) > 253 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasSuffix(name, "-") {
			t.Errorf("%q is no Pod name", name)
		}
		if next := event.NewNames(instance, stream).Pod(event.ID{ms, seq}, slot, attempt+1); next == name {
			t.Errorf("two attempts share the name %q", name)
		}
	})
}

func TestNames(t *testing.T) {
	id := event.ID{Ms: 1756659802903}
	n := event.NewNames(event.DefaultInstance, event.DefaultStream)
	if got := n.Pod(id, 1, 1); got != "otto-agent-1-1756659802903-0" {
		t.Errorf("first attempt: %s", got)
	}
	if got := n.Pod(event.ID{Ms: id.Ms, Seq: 12}, 3, 1); got != "otto-agent-3-1756659802903-12" {
		t.Errorf("an entry of the same millisecond: %s", got)
	}
	if got := n.Pod(id, 1, 2); got != "otto-agent-1-1756659802903-0-r2" {
		t.Errorf("second attempt: %s", got)
	}
	other := event.NewNames("other", event.DefaultStream).Pod(id, 1, 1)
	third := event.NewNames(event.DefaultInstance, "other").Pod(id, 1, 1)
	if other == third || other == n.Pod(id, 1, 1) || !strings.HasSuffix(other, "-1-1756659802903-0") {
		t.Errorf("the names of two installations: %s, %s", other, third)
	}
}

func TestMetadataVariable(t *testing.T) {
	for key, want := range map[string]string{
		"branch": "OTTO_META_BRANCH", "git.ref-1": "OTTO_META_GIT_REF_1", "빌드": "OTTO_META___", "$(A)": "OTTO_META___A_",
	} {
		if got := event.MetadataVariable(key); got != want {
			t.Errorf("MetadataVariable(%q) = %s, want %s", key, got, want)
		}
	}
}
