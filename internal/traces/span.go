package traces

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
)

// span is one finished span, in the terms of OTLP.
type span struct {
	trace        tracecontext.TraceID
	id           tracecontext.SpanID
	parent       tracecontext.SpanID // zero: it is the root
	remoteParent bool                // another process made the parent
	flags        byte                // of the trace context
	state        string              // W3C tracestate
	name         string
	kind         int
	start, end   time.Time
	attributes   attributes
	failed       bool
	message      string // of a failed one
}

// The kinds of OTLP.
const (
	kindInternal = 1
	kindConsumer = 5
)

const statusError = 2

// Bits of OTLP's flags, above those of the trace context.
const (
	flagHasRemote = 0x100
	flagRemote    = 0x200
)

// isRoot reports whether the span begins its trace.
func (s *span) isRoot() bool { return s.parent == tracecontext.SpanID{} }

func (s *span) otlpFlags() uint32 {
	flags := uint32(s.flags) | flagHasRemote
	if s.remoteParent {
		flags |= flagRemote
	}
	return flags
}

// lastNano is the last second whose nanoseconds fit into 63 bits: in the year 2262.
const lastNano = 1<<63/1_000_000_000 - 1

// nanos is what OTLP counts time in. Times before 1970 are 0.
func nanos(t time.Time) uint64 {
	if t.Unix() > lastNano {
		t = time.Unix(lastNano, 0)
	}
	return uint64(max(0, t.UnixNano()))
}

// attribute is a name with a text or a number.
type attribute struct {
	name   string
	text   string
	number int64
	isText bool
}

type attributes []attribute

// text leaves an empty one out.
func (a *attributes) text(name, value string) {
	if value = cleanValue(value); value != "" {
		*a = append(*a, attribute{name: name, text: value, isText: true})
	}
}

func (a *attributes) number(name string, value int64) {
	*a = append(*a, attribute{name: name, number: value})
}
