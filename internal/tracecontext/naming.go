package tracecontext

import (
	"crypto/sha256"
	"strconv"
	"strings"
)

// Kind is what a span is about.
type Kind string

// The kinds of spans. They are a part of the IDs: a kind is never renamed.
const (
	Event   Kind = "event"   // from the entry to the end of its last worker
	Wait    Kind = "wait"    // of a worker, until it has a Pod
	Attempt Kind = "attempt" // one Pod of a worker
	Start   Kind = "start"   // of an attempt, until its main container runs
	Run     Kind = "run"     // of an attempt, its main container
)

// Naming names the spans of one stream's events, and says which are recorded.
type Naming struct {
	Stream  string
	Sampler Sampler
}

// Origin is what is known of where an event came from.
type Origin struct {
	EventID     string
	Traceparent string // of the producer; empty or invalid: none
}

// Parent is the producer's span; false: there is none, so the event begins a trace of its own.
func (o Origin) Parent() (Context, bool) { return Parse(o.Traceparent) }

// Event is the context of an event's own span: its flags say whether the event's spans are recorded.
func (n Naming) Event(o Origin) Context { return n.name(o, Event, 0, 0) }

// Worker is the context of a span of one worker.
func (n Naming) Worker(o Origin, kind Kind, slot, attempt int) Context {
	return n.name(o, kind, slot, attempt)
}

// Traceparent is what a worker finds in its environment: the span of its attempt, which is exported when it has ended.
func (n Naming) Traceparent(o Origin, slot, attempt int) string {
	return n.Worker(o, Attempt, slot, attempt).String()
}

func (n Naming) name(o Origin, kind Kind, slot, attempt int) Context {
	parent, sent := o.Parent()
	c := Context{Trace: parent.Trace, Span: n.span(o.EventID, kind, slot, attempt), Flags: parent.Flags &^ Sampled}
	if !sent {
		c.Trace = n.trace(o.EventID)
	}
	if n.Sampler.Sample(c.Trace, parent.IsSampled(), sent) {
		c.Flags |= Sampled
	}
	return c
}

func (n Naming) trace(event string) (t TraceID) {
	sum := digest(n.Stream, event)
	copy(t[:], sum[:])
	if t == (TraceID{}) {
		t[len(t)-1] = 1
	}
	return t
}

func (n Naming) span(event string, kind Kind, slot, attempt int) (s SpanID) {
	sum := digest(n.Stream, event, string(kind), strconv.Itoa(slot), strconv.Itoa(attempt))
	copy(s[:], sum[:])
	if s == (SpanID{}) {
		s[len(s)-1] = 1
	}
	return s
}

// digest is over parts that have no NUL byte.
func digest(parts ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte("ottoscaler\x00" + strings.Join(parts, "\x00")))
}
