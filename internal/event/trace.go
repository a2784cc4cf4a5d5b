package event

import "strings"

const traceparentLen = 55

// traceparent ignores an invalid one, as W3C demands: a trace must not decide whether work is done.
func (d *decoder) traceparent(value string, _ bool) *Rejection {
	if validTraceparent(value) {
		d.event.Traceparent = value
	}
	return nil
}

// tracestate goes with its traceparent: it is not even looked at where that is invalid.
func (d *decoder) tracestate(value string, _ bool) *Rejection {
	ignored := d.fields[fieldTraceparent] != d.event.Traceparent
	if !ignored && CheckLine(value, maxTracestate) == "" {
		d.event.Tracestate = value
	}
	return nil
}

// validTraceparent follows https://www.w3.org/TR/trace-context/#traceparent-header: version 00, or a later one that
// begins the same way; IDs of zeros alone mean nothing.
func validTraceparent(s string) bool {
	if len(s) < traceparentLen || len(s) > maxTracestate || s[:2] == "ff" {
		return false
	}
	if len(s) > traceparentLen && (s[:2] == "00" || s[traceparentLen] != '-') {
		return false
	}
	if s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	trace, span := s[3:35], s[36:52]
	return lowerHex(s[:2]) && lowerHex(trace) && lowerHex(span) && lowerHex(s[53:55]) &&
		strings.Trim(trace, "0") != "" && strings.Trim(span, "0") != "" && CheckLine(s, maxTracestate) == ""
}

func lowerHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}
