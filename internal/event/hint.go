package event

import "strings"

// Hint says which fields of an accepted entry were ignored or taken for something else, as they only inform: a sentence for
// the producer, empty if there are none. The event is what Decode made of the fields.
func Hint(fields map[string]string, e *Event) string {
	var hints []string
	switch {
	case fields[fieldTraceparent] != e.Traceparent:
		hints = append(hints, "traceparent is not a W3C trace context, so it was ignored, and tracestate with it")
	case e.Traceparent != "" && fields[fieldTracestate] != e.Tracestate:
		hints = append(hints, "tracestate is not valid, so it was ignored")
	}
	if fields[FieldBaggage] != e.Baggage {
		hints = append(hints, "baggage is not a W3C baggage of at most 8192 bytes, so it was ignored")
	}
	if sent := fields[fieldTimestamp]; len(sent) == milliseconds && !strings.ContainsAny(sent, "-T") {
		hints = append(hints, "timestamp has 13 digits, so it was taken for milliseconds")
	}
	return strings.Join(hints, "; ")
}
