package worker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func rules() Rules {
	return Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 6 * time.Hour, "big": time.Hour, "free": 0}}
}

// fields returns a valid entry's fields with the given ones set, or, where the value is `-`, taken out.
func fields(pairs ...string) map[string]string {
	f := map[string]string{"type": "scale_up", "pod_count": "3"}
	for i := 0; i+1 < len(pairs); i += 2 {
		f[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "-" {
			delete(f, pairs[i])
		}
	}
	return f
}

func many(n, size int) map[string]string {
	f := fields()
	for i := range n {
		f[fmt.Sprintf("key%d", i)] = strings.Repeat("v", size)
	}
	return f
}

func TestDecodeRejects(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string]string
		code   string
	}{
		"pod_count negative":         {fields("pod_count", "-1"), CodePodCount},
		"pod_count zero":             {fields("pod_count", "0"), CodePodCount},
		"pod_count with plus":        {fields("pod_count", "+3"), CodePodCount},
		"pod_count exponent":         {fields("pod_count", "1e9"), CodePodCount},
		"pod_count over int64":       {fields("pod_count", "9223372036854775808"), CodePodCount},
		"pod_count hex":              {fields("pod_count", "0x10"), CodePodCount},
		"pod_count leading space":    {fields("pod_count", " 5"), CodePodCount},
		"pod_count trailing space":   {fields("pod_count", "5 "), CodePodCount},
		"pod_count Arabic digit":     {fields("pod_count", "٣"), CodePodCount},
		"pod_count NaN":              {fields("pod_count", "NaN"), CodePodCount},
		"pod_count decimal":          {fields("pod_count", "5.0"), CodePodCount},
		"pod_count underscore":       {fields("pod_count", "1_0"), CodePodCount},
		"pod_count empty":            {fields("pod_count", ""), CodePodCount},
		"pod_count missing":          {fields("pod_count", "-"), CodePodCount},
		"pod_count over the limit":   {fields("pod_count", "1001"), CodePodCount},
		"type missing":               {fields("type", "-"), CodeType},
		"type unknown":               {fields("type", "scale_sideways"), CodeType},
		"type upper case":            {fields("type", "SCALE_UP"), CodeType},
		"task_id too long":           {fields("task_id", strings.Repeat("t", 129)), CodeTaskID},
		"task_id invalid UTF-8":      {fields("task_id", "a\xff"), CodeTaskID},
		"task_id control character":  {fields("task_id", "a\x1b[31m"), CodeTaskID},
		"task_id newline":            {fields("task_id", "a\nb"), CodeTaskID},
		"timestamp words":            {fields("timestamp", "yesterday"), CodeTimestamp},
		"timestamp far":              {fields("timestamp", "99999999999999999999"), CodeTimestamp},
		"timestamp before year 0":    {fields("timestamp", "0000-01-01T00:00:00+23:59"), CodeTimestamp},
		"timestamp after year 9999":  {fields("timestamp", "9999-12-31T23:59:59-23:59"), CodeTimestamp},
		"timestamp empty":            {fields("timestamp", ""), CodeTimestamp},
		"idempotency_key empty":      {fields("idempotency_key", ""), CodeIdempotencyKey},
		"idempotency_key too long":   {fields("idempotency_key", strings.Repeat("k", 129)), CodeIdempotencyKey},
		"template unknown":           {fields("template", "huge"), CodeTemplate},
		"template path":              {fields("template", "../x"), CodeTemplate},
		"template empty":             {fields("template", ""), CodeTemplate},
		"deadline over template's":   {fields("template", "big", "deadline_seconds", "3601"), CodeDeadline},
		"deadline over built-in's":   {fields("deadline_seconds", "21601"), CodeDeadline},
		"deadline zero":              {fields("deadline_seconds", "0"), CodeDeadline},
		"deadline words":             {fields("deadline_seconds", "1h"), CodeDeadline},
		"traceparent garbage":        {fields("traceparent", "abc"), CodeTrace},
		"traceparent zeros":          {fields("traceparent", "00-"+strings.Repeat("0", 32)+"-00f067aa0ba902b7-01"), CodeTrace},
		"tracestate too long":        {fields("tracestate", strings.Repeat("s", 513)), CodeTrace},
		"17 metadata fields":         {many(17, 1), CodeMetadata},
		"10,000 fields":              {many(10_000, 1), CodeMetadata},
		"metadata value over 1 KiB":  {many(1, 1025), CodeMetadata},
		"metadata over 8 KiB in all": {many(9, 1000), CodeMetadata},
		"metadata key too long":      {fields(strings.Repeat("k", 65), "v"), CodeMetadata},
		"metadata key empty":         {fields("", "v"), CodeMetadata},
		"metadata value not UTF-8":   {fields("k", "\xff"), CodeMetadata},
		"metadata value with NUL":    {fields("k", "a\x00b"), CodeMetadata},
		"metadata keys that meet":    {fields("git-ref", "a", "git.ref", "b"), CodeMetadata},
		"an entry of 16 MiB":         {fields("k", strings.Repeat("x", 16<<20)), CodeMetadata},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := Decode(ID{Ms: 5}, c.fields, rules())
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
	id := ID{Ms: 1756659802903}
	for name, c := range map[string]struct {
		fields map[string]string
		want   Event
	}{
		"the example": {
			fields("task_id", "task-123"),
			Event{PodCount: 3, Metadata: map[string]string{"task_id": "task-123"}},
		},
		"the limit":          {fields("pod_count", "1000"), Event{PodCount: 1000}},
		"Hangul and slashes": {fields("task_id", "빌드/한글/1"), Event{PodCount: 3, Metadata: map[string]string{"task_id": "빌드/한글/1"}}},
		"hostile environment": {
			fields("LD_PRELOAD", "/x.so", "PATH", "$(SECRET)", "KUBERNETES_SERVICE_HOST", "\x1b[31mfake\nlevel=INFO"),
			Event{PodCount: 3, Metadata: map[string]string{"LD_PRELOAD": "/x.so", "PATH": "$(SECRET)", "KUBERNETES_SERVICE_HOST": "\x1b[31mfake\nlevel=INFO"}},
		},
		"a timestamp in Unix seconds": {fields("timestamp", "1700000000"), Event{PodCount: 3, Timestamp: time.Unix(1700000000, 0).UTC()}},
		"a timestamp in RFC 3339": {
			fields("timestamp", "2025-08-31T17:03:22.5+09:00"),
			Event{PodCount: 3, Timestamp: time.Date(2025, 8, 31, 8, 3, 22, 5e8, time.UTC)},
		},
		"all fields": {
			fields("idempotency_key", "k", "template", "big", "deadline_seconds", "3600", "tracestate", "a=b",
				"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
			Event{
				PodCount: 3, IdempotencyKey: "k", Template: "big", Deadline: time.Hour, Tracestate: "a=b",
				Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			},
		},
		"a template without a deadline": {
			fields("template", "free", "deadline_seconds", "999999"),
			Event{PodCount: 3, Template: "free", Deadline: 999999 * time.Second},
		},
		"16 metadata fields": {many(16, 1), Event{PodCount: 3, Metadata: strip(many(16, 1))}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.EventID, c.want.Type = id, ScaleUp
			if c.want.Timestamp.IsZero() {
				c.want.Timestamp = id.Time()
			}
			if c.want.Metadata == nil {
				c.want.Metadata = map[string]string{}
			}
			got, bad := Decode(id, c.fields, rules())
			if bad != nil {
				t.Fatalf("rejected: %+v", bad)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func strip(f map[string]string) map[string]string {
	delete(f, "type")
	delete(f, "pod_count")
	return f
}

func TestEventInJSON(t *testing.T) {
	e, bad := Decode(ID{Ms: 1756659802903}, fields("task_id", "task-123"), rules())
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
	e, bad := Decode(ID{Ms: 1<<64 - 1, Seq: 1}, fields(), rules())
	if bad != nil {
		t.Fatal(bad)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Errorf("an ID that a producer may choose: %v", err)
	}
}

func TestHashLeavesTimeAndTraceAside(t *testing.T) {
	base, _ := Decode(ID{Ms: 1}, fields("task_id", "t"), rules())
	again, _ := Decode(ID{Ms: 2}, fields("task_id", "t", "timestamp", "5", "tracestate", "a=b"), rules())
	if base.Hash() != again.Hash() {
		t.Error("the same request sent twice has two hashes")
	}
	for _, other := range []map[string]string{
		fields("task_id", "u"), fields("task_id", "t", "pod_count", "4"), fields("task_id", "t", "template", "big"),
		fields("task_id", "t", "k", "v"), fields("task_id", "t", "deadline_seconds", "5"),
	} {
		if e, _ := Decode(ID{Ms: 1}, other, rules()); e.Hash() == base.Hash() {
			t.Errorf("%v has the hash of another request", other)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("scale_up", "3", "task-123", "key", "value")
	f.Add("scale_down", "-1", "\xff", "$(A)", "\x00")
	f.Fuzz(func(t *testing.T, kind, count, task, key, value string) {
		e, bad := Decode(ID{Ms: 1}, map[string]string{"type": kind, "pod_count": count, "task_id": task, key: value}, rules())
		if bad != nil {
			if bad.Code == "" || len(bad.Reason) > 2048 || !utf8.ValidString(bad.Reason) {
				t.Errorf("a rejection nobody can use: %+v", bad)
			}
			return
		}
		if e.PodCount < 1 || e.PodCount > 1000 || len(e.TaskID()) > maxTaskID || len(e.Metadata) > maxMetaFields+1 {
			t.Errorf("an event out of bounds: %+v", e)
		}
	})
}

func TestParseID(t *testing.T) {
	for _, s := range []string{"", "1", "1-", "-1", "01-0", "1-00", "+1-0", "1-0-0", "1-18446744073709551616", "a-b", "٣-0"} {
		if id, err := ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", s, id)
		}
	}
	for _, s := range []string{"0-1", "1756659802903-0", "18446744073709551615-18446744073709551615"} {
		if id, err := ParseID(s); err != nil || id.String() != s {
			t.Errorf("ParseID(%q) = %v, %v", s, id, err)
		}
	}
	if (ID{5, 10}).Compare(ID{5, 2}) <= 0 || (ID{5, 10}).Compare(ID{10, 0}) >= 0 {
		t.Error("IDs are not ordered as numbers")
	}
}

func FuzzPodName(f *testing.F) {
	f.Add("ottoscaler", "otto:scale:events", uint64(1756659802903), uint64(0), 1, 1)
	f.Add("other", "s", uint64(1), uint64(18446744073709551615), 1000, 3)
	f.Fuzz(func(t *testing.T, instance, stream string, ms, seq uint64, slot, attempt int) {
		slot, attempt = max(1, min(slot, 100_000)), max(1, min(attempt, 99))
		name := NewNames(instance, stream).Pod(ID{ms, seq}, slot, attempt)
		if len(name) > 63 && len(name) > 253 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasSuffix(name, "-") {
			t.Errorf("%q is no Pod name", name)
		}
		if next := NewNames(instance, stream).Pod(ID{ms, seq}, slot, attempt+1); next == name {
			t.Errorf("two attempts share the name %q", name)
		}
	})
}

func TestNames(t *testing.T) {
	id := ID{Ms: 1756659802903}
	n := NewNames(DefaultInstance, DefaultStream)
	if got := n.Pod(id, 1, 1); got != "otto-agent-1-1756659802903-0" {
		t.Errorf("first attempt: %s", got)
	}
	if got := n.Pod(ID{Ms: id.Ms, Seq: 12}, 3, 1); got != "otto-agent-3-1756659802903-12" {
		t.Errorf("an entry of the same millisecond: %s", got)
	}
	if got := n.Pod(id, 1, 2); got != "otto-agent-1-1756659802903-0-r2" {
		t.Errorf("second attempt: %s", got)
	}
	other := NewNames("other", DefaultStream).Pod(id, 1, 1)
	third := NewNames(DefaultInstance, "other").Pod(id, 1, 1)
	if other == third || other == n.Pod(id, 1, 1) || !strings.HasSuffix(other, "-1-1756659802903-0") {
		t.Errorf("the names of two installations: %s, %s", other, third)
	}
}

func TestMetaVariable(t *testing.T) {
	for key, want := range map[string]string{
		"branch": "OTTO_META_BRANCH", "git.ref-1": "OTTO_META_GIT_REF_1", "빌드": "OTTO_META___", "$(A)": "OTTO_META___A_",
	} {
		if got := MetaVariable(key); got != want {
			t.Errorf("MetaVariable(%q) = %s, want %s", key, got, want)
		}
	}
}
