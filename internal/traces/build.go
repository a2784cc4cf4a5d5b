package traces

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
)

const maxState = 512 // bytes of a tracestate

// builder makes spans of status entries. It is pure: the same entry of the same event makes the same spans, whenever and by
// whomever it is read.
type builder struct {
	naming tracecontext.Naming
	group  string // the consumer group that reads the source stream
}

// build makes the spans that an entry ends; none, if the trace is not recorded.
func (b builder) build(e entry, o inspect.Origin) []span {
	m := maker{b: b, e: e, o: o, origin: tracecontext.Origin{EventID: e.event.String(), Traceparent: o.Traceparent}}
	m.root = b.naming.Event(m.origin)
	if !m.root.IsSampled() {
		return nil
	}
	m.began = e.event.Time()
	if m.began.After(e.at) { // a producer may give its entry any ID
		m.began = e.at
	}
	if e.fields["kind"] != "worker" {
		return []span{m.event()}
	}
	return m.worker()
}

// maker makes the spans of one entry.
type maker struct {
	b      builder
	e      entry
	o      inspect.Origin
	origin tracecontext.Origin
	root   tracecontext.Context // of the event
	began  time.Time            // when the event was sent
}

// event is the span from the entry to the end of its last worker. Its parent is the producer's span.
func (m *maker) event() span {
	parent, remote := m.origin.Parent()
	s := m.span(m.root, parent.Span, "process "+m.b.naming.Stream, m.began, m.e.at)
	s.kind, s.remoteParent, s.attributes = kindConsumer, remote, m.eventAttributes()
	if problem := m.eventProblem(); problem != "" {
		s.failed, s.message = true, m.eventMessage()
		s.attributes.text("error.type", problem)
	}
	return s
}

// worker makes the spans of one attempt, and of what came before it.
func (m *maker) worker() []span {
	slot, okSlot := m.e.index("index")
	attempt, okAttempt := m.e.index("attempt")
	if !okSlot || !okAttempt {
		return nil
	}
	a := attemptMaker{maker: m, slot: slot, attempt: attempt}
	a.accepted = m.began
	if !m.o.AcceptedAt.IsZero() {
		a.accepted = clamp(m.o.AcceptedAt, m.began, m.e.at)
	}
	if m.e.fields["pod"] == "" && m.e.time("created_at").IsZero() {
		return []span{a.neverCreated()}
	}
	return a.spans()
}

// span has no attributes yet.
func (m *maker) span(c tracecontext.Context, parent tracecontext.SpanID, name string, start, end time.Time) span {
	s := span{trace: c.Trace, id: c.Span, parent: parent, flags: c.Flags, name: name, kind: kindInternal, start: start, end: end}
	if _, sent := m.origin.Parent(); sent && len(m.o.Tracestate) <= maxState {
		s.state = text.Printable(m.o.Tracestate)
	}
	return s
}

// attemptMaker makes the spans of one attempt of a worker.
type attemptMaker struct {
	*maker
	slot, attempt int
	accepted      time.Time
}

func (a *attemptMaker) child(kind tracecontext.Kind, parent tracecontext.SpanID, start, end time.Time) span {
	s := a.span(a.b.naming.Worker(a.origin, kind, a.slot, a.attempt), parent, string(kind), start, end)
	s.attributes = a.workerAttributes()
	return s
}

// neverCreated is of a worker that ended without a Pod. When a later attempt began to wait is not known here.
func (a *attemptMaker) neverCreated() span {
	from := a.accepted
	if a.attempt > 1 {
		from = a.e.at
	}
	s := a.child(tracecontext.Wait, a.root.Span, from, a.e.at)
	a.setOutcome(&s)
	return s
}

// spans are those of an attempt with a Pod. Kubernetes counts whole seconds, so a time may lie a little before the one that it
// follows: it is moved to it.
func (a *attemptMaker) spans() []span {
	created, started, ended := a.e.time("created_at"), a.e.time("started_at"), a.e.time("ended_at")
	end := a.e.at
	if !ended.IsZero() {
		end = clamp(ended, a.accepted, a.e.at)
	}
	begin := clamp(firstTime(created, started, end), a.accepted, end)

	all := make([]span, 0, 4)
	if a.attempt == 1 {
		all = append(all, a.child(tracecontext.Wait, a.root.Span, a.accepted, begin))
	}
	whole := a.child(tracecontext.Attempt, a.root.Span, begin, end)
	a.setOutcome(&whole)
	whole.attributes = append(whole.attributes, a.podAttributes()...)
	all = append(all, whole)
	if started.IsZero() {
		last := a.child(tracecontext.Start, whole.id, begin, end)
		a.setOutcome(&last)
		return append(all, last)
	}
	started = clamp(started, begin, end)
	all = append(all, a.child(tracecontext.Start, whole.id, begin, started))
	run := a.child(tracecontext.Run, whole.id, started, end)
	a.setOutcome(&run)
	return append(all, run)
}

// setOutcome marks a span as failed, with the reason. A worker that was taken away on purpose did not fail.
func (a *attemptMaker) setOutcome(s *span) {
	state, reason := a.e.fields["state"], text.Printable(cleanValue(a.e.fields["reason"]))
	if state == "succeeded" || state == "cancelled" {
		return
	}
	s.failed = true
	s.attributes.text("error.type", cmp.Or(reason, state))
	parts := []string{state}
	if reason != "" {
		parts = append(parts, reason)
	}
	if code, ok := a.e.number("exit_code"); ok {
		parts = append(parts, fmt.Sprintf("exit code %d", code))
	}
	s.message = strings.Join(parts, ", ")
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
