package checker

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fieldsOf is a valid entry with further fields.
func fieldsOf(pairs ...string) map[string]string {
	fields := map[string]string{"type": "scale_up", "pod_count": "3"}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return fields
}

func with(fields map[string]string, field, value string) map[string]string {
	fields[field] = value
	return fields
}

func cancelOf(pairs ...string) map[string]string {
	fields := map[string]string{"type": "cancel"}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return fields
}

func many(n, size int) map[string]string {
	fields := fieldsOf()
	for i := range n {
		fields[fmt.Sprintf("key%02d", i)] = strings.Repeat("v", size)
	}
	return fields
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

var entries = map[string]struct {
	valid  bool
	fields map[string]string
}{
	"plain":                         {true, fieldsOf()},
	"scale_down":                    {true, fieldsOf("type", "scale_down")},
	"leading zeros":                 {true, fieldsOf("pod_count", "007")},
	"the most":                      {true, fieldsOf("pod_count", "1000")},
	"one more":                      {false, fieldsOf("pod_count", "1001")},
	"no count":                      {false, map[string]string{"type": "scale_up"}},
	"no type":                       {false, map[string]string{"pod_count": "1"}},
	"an upper-case type":            {false, fieldsOf("type", "SCALE_UP")},
	"a task of 128 bytes":           {true, fieldsOf("task_id", strings.Repeat("t", 128))},
	"a task of 129 bytes":           {false, fieldsOf("task_id", strings.Repeat("t", 129))},
	"a task in Hangul":              {true, fieldsOf("task_id", "빌드/1")},
	"a task not UTF-8":              {false, fieldsOf("task_id", "\xff")},
	"a task with escapes":           {false, fieldsOf("task_id", "\x1b[2J")},
	"Unix seconds":                  {true, fieldsOf("timestamp", "1700000000")},
	"RFC 3339":                      {true, fieldsOf("timestamp", "2026-01-02T03:04:05.5+09:00")},
	"no time":                       {false, fieldsOf("timestamp", "yesterday")},
	"negative seconds":              {false, fieldsOf("timestamp", "-1")},
	"seconds past the year 9999":    {false, fieldsOf("timestamp", "999999999999")},
	"a key":                         {true, fieldsOf("idempotency_key", "build-7")},
	"an empty key":                  {false, fieldsOf("idempotency_key", "")},
	"a long key":                    {false, fieldsOf("idempotency_key", strings.Repeat("k", 129))},
	"a template":                    {true, fieldsOf("template", "big")},
	"an unknown template":           {false, fieldsOf("template", "../x")},
	"an empty template":             {false, fieldsOf("template", "")},
	"a deadline":                    {true, fieldsOf("deadline_seconds", "21600")},
	"a deadline too far":            {false, fieldsOf("deadline_seconds", "21601")},
	"no deadline at all":            {false, fieldsOf("deadline_seconds", "0")},
	"a trace":                       {true, fieldsOf("traceparent", parent, "tracestate", "a=1")},
	"a later version's trace":       {true, fieldsOf("traceparent", "cc"+parent[2:]+"-more")},
	"an invalid trace is ignored":   {true, fieldsOf("traceparent", "ff"+parent[2:], "tracestate", "a\nb")},
	"a baggage":                     {true, fieldsOf("baggage", "a=1;x,b=2")},
	"an invalid baggage is ignored": {true, fieldsOf("baggage", strings.Repeat("x", 9000))},
	"milliseconds":                  {true, fieldsOf("timestamp", "1767225600123")},
	"14 digits":                     {false, fieldsOf("timestamp", "17672256001230")},
	"a queue":                       {true, fieldsOf("queue", "team/web_1.x-y")},
	"an empty queue":                {false, fieldsOf("queue", "")},
	"a queue of 64 bytes":           {false, fieldsOf("queue", strings.Repeat("q", 64))},
	"a queue in Hangul":             {false, fieldsOf("queue", "한글")},
	"a priority":                    {true, fieldsOf("priority", "low")},
	"a priority too high":           {false, fieldsOf("priority", "high")},
	"max_parallel":                  {true, fieldsOf("max_parallel", "010")},
	"max_parallel 0":                {false, fieldsOf("max_parallel", "0")},
	"a start deadline":              {true, fieldsOf("start_deadline_seconds", "90")},
	"a start deadline in hours":     {false, fieldsOf("start_deadline_seconds", "1h")},
	"an image that is forbidden":    {false, fieldsOf("image", "busybox")},
	"a queue and 15 more":           {true, with(many(15, 1), "queue", "q")},
	"a queue and 16 more":           {false, with(many(16, 1), "queue", "q")},
	"event_id as metadata":          {true, fieldsOf("event_id", "build 7")},
	"a cancel of an event":          {true, cancelOf("event_id", "5-0")},
	"a cancel of a task":            {true, cancelOf("task_id", "t", "queue", "web")},
	"a cancel of nothing":           {false, cancelOf()},
	"a cancel of both":              {false, cancelOf("event_id", "5-0", "task_id", "t")},
	"a cancel of no ID":             {false, cancelOf("event_id", "05-0")},
	"a cancel with a count":         {false, cancelOf("task_id", "t", "pod_count", "1")},
	"a cancel in a queue":           {false, cancelOf("event_id", "5-0", "queue", "web")},
	"16 fields":                     {true, many(16, 1)},
	"17 fields":                     {false, many(17, 1)},
	"10,000 fields":                 {false, many(10_000, 1)},
	"a value of 1 KiB":              {true, many(1, 1024)},
	"a longer value":                {false, many(1, 1025)},
	"8 KiB together":                {true, many(8, 1019)},
	"more together":                 {false, many(8, 1020)},
	"a key of 65 bytes":             {false, fieldsOf(strings.Repeat("k", 65), "v")},
	"no key":                        {false, fieldsOf("", "v")},
	"keys that collide":             {false, fieldsOf("git.ref", "a", "git-ref", "b")},
	"keys that collide in case":     {false, fieldsOf("ref", "a", "REF", "b")},
	"unusual but valid":             {true, fieldsOf("LD_PRELOAD", "/x", "PATH", "$(SECRET)\x1b[31m\nlevel=ERROR")},
	"a NUL":                         {false, fieldsOf("a", "\x00")},
	"a value not UTF-8":             {false, fieldsOf("a", "\xff")},
}

func TestReadEntry(t *testing.T) {
	in := Input{MaxPods: 1000, Templates: []string{"big"}, Deadline: 6 * time.Hour, Priorities: []string{"low", "normal"}}
	for name, c := range entries {
		if _, reason := readEntry(c.fields, &in); (reason == "") != c.valid {
			t.Errorf("%s: valid is %v, want %v (%s)", name, !c.valid, c.valid, reason)
		}
	}
	for _, count := range []string{
		"-1", "0", "+3", "1e9", "9223372036854775808", "0x10", " 5", "5 ", "٣", "NaN", "5.0", "1_0", "",
	} {
		if w, reason := readEntry(fieldsOf("pod_count", count), &in); reason == "" {
			t.Errorf("pod_count %q is taken for %d", count, w.Count)
		}
	}
}

// TestOverrides: where the operator allows them, values of the right form pass.
func TestOverrides(t *testing.T) {
	in := Input{MaxPods: 1000, Overrides: true}
	for field, values := range map[string]map[bool][]string{
		"image": {
			true:  {"busybox", "registry.example:5000/ci/go:1.26", "a/b@sha256:" + strings.Repeat("a", 64)},
			false: {"", "Busybox", "a b", "a:b:c", "$(IMAGE)", "a//b@x", strings.Repeat("a", 513)},
		},
		"cpu":    {true: {"1", "0.5", "500m", "007"}, false: {"", "0", "0m", "0.0", "-1", "1k", "1e3"}},
		"memory": {true: {"1", "512Mi", "1.5Gi", "2G"}, false: {"", "0", "0Gi", "-1Gi", "100m", "0.5", "1gi"}},
	} {
		for valid, all := range values {
			for _, value := range all {
				if _, reason := readEntry(fieldsOf(field, value), &in); (reason == "") != valid {
					t.Errorf("%s %q: valid is %v (%s)", field, value, !valid, reason)
				}
			}
		}
	}
}

// TestContent: fields that a client may change when it sends again do not change the content; all others do.
func TestContent(t *testing.T) {
	in := Input{MaxPods: 1000, Templates: []string{"big"}, Deadline: 6 * time.Hour}
	read := func(fields map[string]string) string {
		w, reason := readEntry(fields, &in)
		if reason != "" {
			t.Fatal(reason)
		}
		return w.Content
	}
	if read(fieldsOf("queue", "default")) != read(fieldsOf()) || read(fieldsOf("max_parallel", "01")) != read(fieldsOf("max_parallel", "1")) {
		t.Error("the same content in another spelling is another one")
	}
	base := fieldsOf("idempotency_key", "k", "task_id", "a", "branch", "main", "deadline_seconds", "60")
	for field, c := range map[string]struct {
		value string
		same  bool
	}{
		"timestamp": {"1700000000", true}, "traceparent": {parent, true}, "tracestate": {"a=1", true}, "baggage": {"a=1", true}, "idempotency_key": {"l", true},
		"deadline_seconds": {"060", true}, "pod_count": {"4", false}, "type": {"scale_down", false}, "task_id": {"b", false},
		"branch": {"other", false}, "template": {"big", false}, "more": {"", false},
		"queue": {"web", false}, "max_parallel": {"1", false}, "start_deadline_seconds": {"9", false},
	} {
		changed := maps.Clone(base)
		changed[field] = c.value
		if same := read(base) == read(changed); same != c.same {
			t.Errorf("%s=%s: the same content is %v, want %v", field, c.value, same, c.same)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"otto-agent-1-1756659802903-0":          "1756659802903-0 1 1",
		"otto-agent-12-1756659802903-7-r3":      "1756659802903-7 12 3",
		"otto-agent-12345-9-1756659802903-0":    "1756659802903-0 9 1",
		"otto-agent-a1b2c-9-1756659802903-0-r2": "1756659802903-0 9 2",
		"otto-agent-0-1756659802903-0":          "",
		"otto-agent-1-1756659802903":            "",
		"otto-agent-1-1756659802903-0-r":        "",
		"x-otto-agent-1-1756659802903-0":        "",
	} {
		got := ""
		if p, attempt, ok := parsePodName(name); ok {
			got = fmt.Sprint(p.Event, " ", p.Slot, " ", attempt)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestOwnFields holds the oracle's list of fields against the contract. The oracle shares no code with the product; it reads
// the published schema, and has a rule of its own for each field.
func TestOwnFields(t *testing.T) {
	data, err := os.ReadFile("../../../api/stream-entry.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(schema.Properties)), slices.Sorted(slices.Values(eventFields))); diff != "" {
		t.Errorf("the schema has other fields than readEntry has rules for (-schema +oracle):\n%s", diff)
	}
}
