package tracecontext

import (
	"encoding/hex"
	"strings"
)

// TraceID names a trace.
type TraceID [16]byte

// SpanID names a span within a trace; zero: none.
type SpanID [8]byte

// String is lower-case hexadecimal.
func (t TraceID) String() string { return hex.EncodeToString(t[:]) }

// String is lower-case hexadecimal.
func (s SpanID) String() string { return hex.EncodeToString(s[:]) }

// Flags of a trace context.
const (
	Sampled byte = 1 // whoever made the span has recorded it, or will
	random  byte = 2 // the trace ID is random (W3C, level 2)
)

// MaxTraceparent bounds a traceparent, in bytes. Version 00 has 55; a later one may be longer.
const MaxTraceparent = 512

const traceparentLen = 55

// Context is what a traceparent says.
type Context struct {
	Trace TraceID
	Span  SpanID
	Flags byte
}

// Parse follows https://www.w3.org/TR/trace-context/#traceparent-header: version 00, or a later one that begins the same way; IDs of
// zeros alone mean nothing.
func Parse(s string) (Context, bool) {
	if len(s) < traceparentLen || len(s) > MaxTraceparent || s[:2] == "ff" || !isHex(s[:2]) {
		return Context{}, false
	}
	if len(s) > traceparentLen && (s[:2] == "00" || s[traceparentLen] != '-') {
		return Context{}, false
	}
	var c Context
	var flags [1]byte
	separated := s[2] == '-' && s[35] == '-' && s[52] == '-'
	decoded := decode(c.Trace[:], s[3:35]) && decode(c.Span[:], s[36:52]) && decode(flags[:], s[53:55])
	if !separated || !decoded || c.Trace == (TraceID{}) || c.Span == (SpanID{}) {
		return Context{}, false
	}
	c.Flags = flags[0]
	return c, true
}

// String is a traceparent of version 00, with the flags that it knows.
func (c Context) String() string {
	return "00-" + c.Trace.String() + "-" + c.Span.String() + "-" + hex.EncodeToString([]byte{c.Flags & (Sampled | random)})
}

// IsSampled reports whether the span is, or will be, recorded.
func (c Context) IsSampled() bool { return c.Flags&Sampled != 0 }

// decode takes lower case only, as W3C demands.
func decode(into []byte, s string) bool {
	if !isHex(s) {
		return false
	}
	_, err := hex.Decode(into, []byte(s))
	return err == nil
}

func isHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}
