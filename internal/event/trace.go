package event

import "github.com/ottoscaler/ottoscaler/internal/tracecontext"

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

// baggage stands for itself: W3C has it apart from the trace.
func (d *decoder) baggage(value string, _ bool) *Rejection {
	if tracecontext.ValidBaggage(value) {
		d.event.Baggage = value
	}
	return nil
}

// validTraceparent also refuses control characters in what a later version may add.
func validTraceparent(s string) bool {
	_, ok := tracecontext.Parse(s)
	return ok && CheckLine(s, tracecontext.MaxTraceparent) == ""
}
