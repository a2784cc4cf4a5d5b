package event_test

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestHint(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, c := range map[string]struct {
		fields map[string]string
		want   string // the beginnings of its parts
	}{
		"nothing sent":           {map[string]string{}, ""},
		"valid":                  {map[string]string{"traceparent": trace, "tracestate": "a=1", "timestamp": "1756659802"}, ""},
		"RFC 3339":               {map[string]string{"timestamp": "2025-08-31T17:03:22.903Z"}, ""},
		"traceparent":            {map[string]string{"traceparent": "today"}, "traceparent is not"},
		"empty traceparent":      {map[string]string{"traceparent": ""}, ""},
		"tracestate alone":       {map[string]string{"tracestate": "a=1"}, ""},
		"both":                   {map[string]string{"traceparent": "x", "tracestate": "a=1"}, "traceparent is not"},
		"tracestate":             {map[string]string{"traceparent": trace, "tracestate": "a\x00"}, "tracestate is not"},
		"a baggage":              {map[string]string{"baggage": "user=kim"}, ""},
		"baggage":                {map[string]string{"baggage": "user"}, "baggage is not"},
		"a long baggage":         {map[string]string{"baggage": "a=" + strings.Repeat("x", 8191)}, "baggage is not"},
		"milliseconds":           {map[string]string{"timestamp": "1756659802903"}, "timestamp has 13 digits"},
		"milliseconds and trace": {map[string]string{"timestamp": "1756659802903", "traceparent": "x"}, "traceparent is not; timestamp has 13 digits"},
	} {
		c.fields["type"], c.fields["pod_count"] = "scale_up", "1"
		e, bad := event.Check(event.ID{Ms: 1756659802903}, c.fields, 10)
		if bad != nil {
			t.Errorf("%s: rejected: %s", name, bad.Reason)
			continue
		}
		got := event.Hint(c.fields, &e)
		parts := strings.Split(c.want, "; ")
		if len(strings.Split(got, "; ")) != len(parts) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		for i, part := range strings.Split(got, "; ") {
			if i < len(parts) && (!strings.HasPrefix(part, parts[i]) || part != "" && parts[i] == "") {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
		}
	}
}

// TestMetadataInAnyScript: names of one length in another script met in one variable, and the entry was rejected.
func TestMetadataInAnyScript(t *testing.T) {
	fields := map[string]string{
		"type": "scale_up", "pod_count": "1", "task_id": "t", "브랜치": "main", "담당자": `김 "철수" <k@x>`, "a-b": "c", "queue": "web", "日本": "\n",
	}
	e, bad := event.Check(event.ID{Ms: 5}, fields, 10)
	if bad != nil {
		t.Fatal(bad.Reason)
	}
	got := make(map[string]string)
	for _, v := range e.Variables() {
		if strings.HasPrefix(v.Name, "OTTO_META") {
			got[v.Name] = v.Value
		}
	}
	want := `{"a-b":"c","日本":"\n","담당자":"김 \"철수\" <k@x>","브랜치":"main"}`
	if len(got) != 2 || got["OTTO_META_A_B"] != "c" || got["OTTO_METADATA"] != want {
		t.Errorf("got %q, want OTTO_META_A_B and OTTO_METADATA=%s", got, want)
	}
	fields["a_b"] = "d"
	if _, bad = event.Check(event.ID{Ms: 5}, fields, 10); bad == nil || bad.Code != event.CodeMetadata {
		t.Errorf("two ASCII names that become one variable: %v", bad)
	}
}
