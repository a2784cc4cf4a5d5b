package event_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/golden"
)

// TestReference checks the files generated from the table of fields; with -update it writes them.
func TestReference(t *testing.T) {
	golden.File(t, "../../docs/stream-entry.md", reference())
	golden.File(t, "../../api/stream-entry.schema.json", schema(t))
}

func reference() string {
	var b strings.Builder
	b.WriteString("# Stream entry\n\n<!-- Made by \"make generate\" from internal/event: change it there. -->\n\n" +
		"An event is one entry of the stream, with flat string fields. Of a repeated field the last value counts. A value over a bound\n" +
		"is rejected, never truncated: the entry goes to the [dead-letter stream](status-stream.md#dead-letters) with a reason. The same as a\n" +
		"JSON Schema: [api/stream-entry.schema.json](../api/stream-entry.schema.json).\n\n" +
		"| field | takes | |\n|---|---|---|\n")
	var added []string
	for _, f := range event.Fields() {
		doc := f.Doc
		if f.Required {
			doc += " Required."
		}
		if f.Added {
			added = append(added, "`"+f.Name+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.Takes, doc)
	}
	b.WriteString("| anything else | at most 16 fields, keys of 64 bytes, values of 1 KiB, 8 KiB together | Metadata for the workers. |\n\n" +
		strings.Join(added, ", ") + " came later than the\nother fields and count in the bounds of metadata, since an earlier " +
		"release takes them for metadata. What they do is in\n[queues.md](queues.md).\n\nA whole entry has at most 64 KiB.\n\n## What a worker finds\n\n| variable of its environment | |\n|---|---|\n" +
		"| `OTTO_EVENT_ID` | the entry ID |\n| `OTTO_WORKER_INDEX` | its slot, from 1 |\n| `OTTO_ATTEMPT` | which Pod of the worker this is, from 1 |\n")
	for _, f := range event.Fields() {
		if f.Variable != "" {
			fmt.Fprintf(&b, "| `%s` | `%s`%s |\n", f.Variable, f.Name, map[bool]string{false: ", if it was sent"}[f.Always])
		}
	}
	b.WriteString("| `OTTO_META_<KEY>` | a metadata field with an ASCII name; the name in upper case, other characters than letters and digits become `_` |\n" +
		"| `OTTO_METADATA` | all metadata fields as one JSON object, names in any script among them; absent if there are none |\n\n" +
		"Where [traces](traces.md) are on, `TRACEPARENT` names the span of the worker's attempt, and it is always set.\n\n" +
		"Kubernetes expands nothing in these values.\n\n## Why an entry is rejected\n\n`reason_code` of the dead letter is one of\n")
	for _, code := range event.RejectionCodes() {
		fmt.Fprintf(&b, "`%s`\n", code)
	}
	return b.String()
}

// property is one field in a JSON Schema.
type property struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	MinLength   int      `json:"minLength,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"`
}

func schema(t *testing.T) string {
	t.Helper()
	properties, required := make(map[string]property), []string{}
	for _, f := range event.Fields() {
		properties[f.Name] = property{
			Type: "string", Description: strings.ReplaceAll(f.Doc+" Takes "+f.Takes+".", "`", ""), Enum: f.Schema.Enum,
			Pattern: f.Schema.Pattern, MinLength: f.Schema.MinLength, MaxLength: f.Schema.MaxLength,
		}
		if f.Required && f.Name != event.FieldPodCount {
			required = append(required, f.Name)
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Stream entry", "type": "object",
		"description": "One entry of the source stream. Made by `make generate` from internal/event.",
		"properties":  properties, "required": required,
		"if": ofType(event.Cancel), "then": cancelSchema(), "else": map[string]any{"required": []string{event.FieldPodCount}},
		"additionalProperties": property{Type: "string", Description: "Metadata for the workers.", MaxLength: 1024},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func ofType(t event.Type) map[string]any {
	return map[string]any{"properties": map[string]any{event.FieldType: map[string]any{"const": t}}, "required": []string{event.FieldType}}
}

// cancelSchema: exactly one of event_id and task_id, no pod_count, and no queue beside an event_id.
func cancelSchema() map[string]any {
	return map[string]any{
		"properties": map[string]any{
			event.FieldPodCount: false, event.FieldTaskID: map[string]any{"minLength": 1},
			event.FieldEventID: map[string]any{"pattern": "^(0|[1-9][0-9]*)-(0|[1-9][0-9]*)$"},
		},
		"oneOf": []any{
			map[string]any{"required": []string{event.FieldEventID}, "properties": map[string]any{event.FieldQueue: false}},
			map[string]any{"required": []string{event.FieldTaskID}},
		},
	}
}

// TestTable: a field without encode or decode would make records unreadable after a restart. Every field of the table is
// written, read back, and is not metadata.
func TestTable(t *testing.T) {
	sample := map[string]string{
		"type": "scale_up", "pod_count": "2", "task_id": "t", "timestamp": "2026-01-02T03:04:05Z", "idempotency_key": "k",
		"template": "big", "deadline_seconds": "60",
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b", "baggage": "user=kim;tier=1,region=eu%2Dwest",
		"queue": "web", "priority": "high", "max_parallel": "10", "start_deadline_seconds": "90", "image": "registry.example/a:1",
		"cpu": "500m", "memory": "1.5Gi", "event_id": "5-0",
	}
	names := make(map[string]bool)
	for _, f := range event.Fields() {
		if sample[f.Name] == "" {
			t.Errorf("%s: give it a sample value in this test", f.Name)
		}
		if f.Takes == "" || f.Doc == "" || names[f.Name] || !event.IsField(f.Name) {
			t.Errorf("%s: incomplete, or in the table twice", f.Name)
		}
		names[f.Name] = true
	}
	e, bad := event.Recall(event.ID{Ms: 1}, sample, 10)
	if bad != nil {
		t.Fatal(bad)
	}
	wantKept(t, &e, sample)
	if len(e.Metadata) != 2 { // event_id belongs to a cancel alone
		t.Errorf("metadata %v", e.Metadata)
	}
	cancel := map[string]string{"type": "cancel", "event_id": "5-0", "by": "kim"}
	if e, bad = event.Recall(event.ID{Ms: 9}, cancel, 10); bad != nil || e.Target != (event.ID{Ms: 5}) || e.PodCount != 0 {
		t.Fatalf("a cancel: %+v, %+v", e, bad)
	}
	wantKept(t, &e, cancel)
}

func wantKept(t *testing.T, e *event.Event, sent map[string]string) {
	t.Helper()
	if diff := cmp.Diff(sent, e.Fields()); diff != "" {
		t.Errorf("-sent +kept:\n%s", diff)
	}
}
