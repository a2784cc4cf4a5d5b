package traces

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// fromJSON decodes OTLP's JSON with OpenTelemetry's own package, which wants IDs in base64.
func fromJSON(t *testing.T, body []byte) *v1.TracesData {
	t.Helper()
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(toBase64(t, tree))
	if err != nil {
		t.Fatal(err)
	}
	data := new(v1.TracesData)
	if err := protojson.Unmarshal(encoded, data); err != nil { // it refuses unknown fields
		t.Fatal(err)
	}
	return data
}

func toBase64(t *testing.T, tree any) any {
	t.Helper()
	switch v := tree.(type) {
	case []any:
		for i := range v {
			v[i] = toBase64(t, v[i])
		}
	case map[string]any:
		for name, value := range v {
			v[name] = toBase64(t, value)
			if name == "traceId" || name == "spanId" || name == "parentSpanId" {
				raw, err := hex.DecodeString(value.(string))
				if err != nil {
					t.Fatal(err)
				}
				v[name] = base64.StdEncoding.EncodeToString(raw)
			}
		}
	}
	return tree
}

// TestEncodings: both formats say the same, and OpenTelemetry's own package reads it.
func TestEncodings(t *testing.T) {
	spans := buildAll(testBuilder(), origin(), history()...)
	r := resource{version: "v1", attributes: attributes{{name: "service.name", text: "ottoscaler", isText: true}}}
	body, err := encodeProtobuf(&r, spans)
	if err != nil {
		t.Fatal(err)
	}
	data := new(v1.TracesData)
	if err := proto.Unmarshal(body, data); err != nil {
		t.Fatal(err)
	}
	asJSON, err := encodeJSON(&r, spans)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(data, fromJSON(t, asJSON), protocmp.Transform()); d != "" {
		t.Errorf("-protobuf +JSON:\n%s", d)
	}
	rs := data.GetResourceSpans()[0]
	if len(rs.ProtoReflect().GetUnknown())+len(rs.GetScopeSpans()[0].ProtoReflect().GetUnknown()) > 0 || rs.GetScopeSpans()[0].GetScope().GetVersion() != "v1" ||
		rs.GetResource().GetAttributes()[0].GetValue().GetStringValue() != "ottoscaler" {
		t.Errorf("%v", rs)
	}
	wantSpans(t, rs.GetScopeSpans()[0].GetSpans())
}

func wantSpans(t *testing.T, all []*v1.Span) {
	t.Helper()
	if len(all) != 12 {
		t.Fatalf("%d spans", len(all))
	}
	run, root := all[9], all[11]
	if len(run.ProtoReflect().GetUnknown()) > 0 || hex.EncodeToString(run.GetTraceId()) != trace || len(run.GetSpanId()) != 8 || run.GetTraceState() != "a=b" ||
		run.GetStatus().GetCode() != v1.Status_STATUS_CODE_ERROR || run.GetStatus().GetMessage() != "failed, Error, exit code 7" ||
		time.Unix(0, int64(run.GetStartTimeUnixNano())).UTC().Format(time.RFC3339) != "2025-08-31T17:03:31Z" || run.GetKind() != v1.Span_SPAN_KIND_INTERNAL {
		t.Errorf("run: %v", run)
	}
	if root.GetKind() != v1.Span_SPAN_KIND_CONSUMER || hex.EncodeToString(root.GetParentSpanId()) != "b7ad6b7169203331" || root.GetFlags() != 0x301 || run.GetFlags() != 0x101 {
		t.Errorf("event: %v", root)
	}
	attributes := make(map[string]any)
	for _, a := range all[1].GetAttributes() {
		attributes[a.GetKey()] = a.GetValue().GetStringValue()
		if a.GetValue().GetStringValue() == "" {
			attributes[a.GetKey()] = a.GetValue().GetIntValue()
		}
	}
	want := map[string]any{
		"cicd.pipeline.run.id": up, "cicd.pipeline.task.name": "big", "cicd.pipeline.task.run.id": "otto-agent-1-" + up,
		"cicd.pipeline.task.run.result": "success", "k8s.namespace.name": "builds", "k8s.pod.name": "otto-agent-1-" + up, "k8s.node.name": "node-1",
		"k8s.container.name": "agent", "process.exit.code": int64(0), "ottoscaler.event.id": up, "ottoscaler.queue": "default", "ottoscaler.template": "big",
		"ottoscaler.worker.name": "otto-agent-1-" + up, "ottoscaler.worker.index": int64(1), "ottoscaler.worker.attempt": int64(1),
		"ottoscaler.worker.state": "succeeded",
	}
	if d := cmp.Diff(want, attributes); d != "" { // and nothing that a worker has printed
		t.Errorf("attributes (-want +got):\n%s", d)
	}
}

func TestReplies(t *testing.T) {
	var partial, reply message
	partial.varint(1, 3)
	partial.text(2, "too many")
	reply.bytes(1, partial)
	for name, c := range map[string]struct {
		decode  func([]byte) (int64, string)
		body    string
		want    int64
		message string
	}{
		"protobuf":              {decodeProtobufReply, string(reply), 3, "too many"},
		"protobuf, whole":       {decodeProtobufReply, "", 0, ""},
		"protobuf, garbage":     {decodeProtobufReply, "\xff\xff\xff", 0, ""},
		"protobuf, other field": {decodeProtobufReply, string(protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.VarintType), 5)), 0, ""},
		"JSON, text":            {decodeJSONReply, `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too many"}}`, 3, "too many"},
		"JSON, number":          {decodeJSONReply, `{"partialSuccess":{"rejectedSpans":3}}`, 3, ""},
		"JSON, negative":        {decodeJSONReply, `{"partialSuccess":{"rejectedSpans":-3}}`, 0, ""},
		"JSON, whole":           {decodeJSONReply, `{}`, 0, ""},
		"JSON, garbage":         {decodeJSONReply, `<html>`, 0, ""},
	} {
		if got, why := c.decode([]byte(c.body)); got != c.want || why != c.message {
			t.Errorf("%s: got %d, %q", name, got, why)
		}
	}
}
