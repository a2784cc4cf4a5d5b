package traces

import (
	"encoding/json"
	"strconv"
)

// The JSON of OTLP: IDs are hexadecimal, 64-bit numbers are strings.
type (
	jsonRequest struct {
		ResourceSpans []jsonResourceSpans `json:"resourceSpans"`
	}
	jsonResourceSpans struct {
		Resource   jsonResource     `json:"resource"`
		ScopeSpans []jsonScopeSpans `json:"scopeSpans"`
		SchemaURL  string           `json:"schemaUrl"`
	}
	jsonResource struct {
		Attributes []jsonAttribute `json:"attributes"`
	}
	jsonScopeSpans struct {
		Scope     jsonScope  `json:"scope"`
		Spans     []jsonSpan `json:"spans"`
		SchemaURL string     `json:"schemaUrl"`
	}
	jsonScope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	jsonSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		TraceState string          `json:"traceState,omitempty"`
		ParentID   string          `json:"parentSpanId,omitempty"`
		Flags      uint32          `json:"flags"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Start      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []jsonAttribute `json:"attributes"`
		Status     jsonStatus      `json:"status,omitzero"`
	}
	jsonStatus struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code,omitempty"`
	}
	jsonAttribute struct {
		Key   string    `json:"key"`
		Value jsonValue `json:"value"`
	}
	jsonValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    string  `json:"intValue,omitempty"`
	}
)

// encodeJSON is the body of a request.
func encodeJSON(r *resource, spans []span) ([]byte, error) {
	encoded := make([]jsonSpan, 0, len(spans))
	for i := range spans {
		encoded = append(encoded, toJSONSpan(&spans[i]))
	}
	return json.Marshal(jsonRequest{ResourceSpans: []jsonResourceSpans{{
		Resource: jsonResource{Attributes: toJSONAttributes(r.attributes)}, SchemaURL: schemaURL,
		ScopeSpans: []jsonScopeSpans{{Scope: jsonScope{Name: scopeName, Version: r.version}, Spans: encoded, SchemaURL: schemaURL}},
	}}})
}

func toJSONSpan(s *span) jsonSpan {
	j := jsonSpan{
		TraceID: s.trace.String(), SpanID: s.id.String(), TraceState: s.state, Flags: s.otlpFlags(), Name: s.name, Kind: s.kind,
		Start: strconv.FormatUint(nanos(s.start), 10), End: strconv.FormatUint(nanos(s.end), 10),
		Attributes: toJSONAttributes(s.attributes),
	}
	if !s.isRoot() {
		j.ParentID = s.parent.String()
	}
	if s.failed {
		j.Status = jsonStatus{Message: s.message, Code: statusError}
	}
	return j
}

func toJSONAttributes(all attributes) []jsonAttribute {
	out := make([]jsonAttribute, 0, len(all))
	for _, a := range all {
		v := jsonValue{Int: strconv.FormatInt(a.number, 10)}
		if a.isText {
			v = jsonValue{String: &a.text}
		}
		out = append(out, jsonAttribute{Key: a.name, Value: v})
	}
	return out
}

// decodeJSONReply returns how many spans the collector did not take, and why.
func decodeJSONReply(body []byte) (rejected int64, message string) {
	var reply struct {
		PartialSuccess struct {
			RejectedSpans json.RawMessage `json:"rejectedSpans"`
			ErrorMessage  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return 0, "" // it accepted the request: what else it says is of no use
	}
	number := string(reply.PartialSuccess.RejectedSpans)
	if unquoted, err := strconv.Unquote(number); err == nil {
		number = unquoted
	}
	rejected, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		rejected = 0
	}
	return max(0, rejected), reply.PartialSuccess.ErrorMessage
}
