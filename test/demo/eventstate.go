package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// eventState is what is known of one event. It changes only by updates.
type eventState struct {
	event   string
	sent    time.Time // when the XADD began
	workers []worker  // index 0 is slot 1
	kinds   map[string]int
	states  map[string]int // of workers, from the status stream
	reasons map[string]int // of outcomes
	closed  string         // the counts; empty: not closed
	logs    logs
	down    *scaleDownState // the scale_down that cancels the workers; nil: they run to completion
}

const reasonScaledDown = "ScaledDown"

// scaleDownState is what is known of a scale_down.
type scaleDownState struct {
	event  string // empty: not sent yet
	sent   time.Time
	kinds  map[string]int
	chosen string // the message of its `scaled_down` status
	closed string // the counts
}

// worker is one slot's Pod, as the watch showed it. Zero times: not observed.
type worker struct {
	name, state                   string
	created, running, ended, gone time.Time
}

// logs are those of one worker.
type logs struct {
	wanted bool
	worker string
	lines  []string
	ended  bool
	err    error
}

// update is an observed change. Its apply changes the state and returns the line to print, if any.
type update interface {
	apply(s *eventState) *line
}

// line is one change as printed.
type line struct {
	at     time.Time
	source string // pod, status, log
	text   string
}

func newEventState(event string, sent time.Time, pods int, logsWanted bool) *eventState {
	return &eventState{
		event: event, sent: sent, workers: make([]worker, pods), logs: logs{wanted: logsWanted},
		kinds: map[string]int{}, states: map[string]int{}, reasons: map[string]int{},
	}
}

// waitingToRun says what is missing until all workers run; empty: nothing.
func (s *eventState) waitingToRun() string {
	n := min(s.count(func(w worker) bool { return !w.running.IsZero() }), s.states["running"])
	if n < len(s.workers) {
		return fmt.Sprintf("the workers to run; %d of %d do", n, len(s.workers))
	}
	return ""
}

// waitingFor says what is missing until the end; empty: nothing.
func (s *eventState) waitingFor() string {
	gone := s.count(func(w worker) bool { return !w.gone.IsZero() })
	switch {
	case gone < len(s.workers):
		return fmt.Sprintf("the workers' Pods to be deleted; %d of %d are", gone, len(s.workers))
	case s.closed == "":
		return "the event to be closed"
	case s.down != nil && s.down.closed == "":
		return "the scale_down to be closed"
	case s.logs.wanted && !s.logs.ended:
		return "the end of the log of " + s.logs.worker
	}
	return ""
}

func (s *eventState) count(is func(worker) bool) int {
	n := 0
	for _, w := range s.workers {
		if is(w) {
			n++
		}
	}
	return n
}

// podObservation is one Pod at one time.
type podObservation struct {
	at                               time.Time
	name, event, node, phase, reason string
	slot                             int
	gone                             bool
}

func (p podObservation) apply(s *eventState) *line {
	if p.event != s.event || p.slot < 1 || p.slot > len(s.workers) {
		return nil
	}
	w := &s.workers[p.slot-1]
	w.name = p.name
	first(&w.created, p.at)
	switch p.phase {
	case "Running":
		first(&w.running, p.at)
	case "Succeeded", "Failed":
		first(&w.ended, p.at)
	}
	if p.gone {
		first(&w.gone, p.at)
	}
	state := p.state()
	if state == w.state {
		return nil
	}
	w.state = state
	return &line{p.at, "pod", p.name + "  " + p.text()}
}

func (p podObservation) state() string {
	if p.gone {
		return "gone"
	}
	return p.phase
}

func (p podObservation) text() string {
	switch state := p.state(); {
	case state == "Running":
		return state + " on " + p.node
	case state != "gone" && p.reason != "":
		return state + ", " + p.reason
	default:
		return state
	}
}

func first(t *time.Time, at time.Time) {
	if t.IsZero() {
		*t = at
	}
}

// statusEntry is one entry of the status stream.
type statusEntry struct {
	at     time.Time
	fields map[string]string
}

func (e statusEntry) apply(s *eventState) *line {
	switch d := s.down; {
	case e.fields["event_id"] == s.event:
		e.applyUp(s)
		return &line{e.at, "status", e.text()}
	case d != nil && e.fields["event_id"] == d.event:
		e.applyDown(d)
		return &line{e.at, "status", scaleDown + " " + e.text()}
	}
	return nil
}

func (e statusEntry) applyUp(s *eventState) {
	f := e.fields
	s.kinds[f["kind"]]++
	switch f["kind"] {
	case "worker":
		s.states[f["state"]]++
		if ended(f["state"]) {
			s.reasons[f["reason"]]++
		}
	case "closed":
		s.closed = counts(f)
	}
}

func (e statusEntry) applyDown(d *scaleDownState) {
	d.kinds[e.fields["kind"]]++
	switch e.fields["kind"] {
	case "scaled_down":
		d.chosen = e.fields["message"]
	case "closed":
		d.closed = counts(e.fields)
	}
}

// ended reports whether a worker's state is an outcome.
func ended(state string) bool {
	return slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, state)
}

func (e statusEntry) text() string {
	f := e.fields
	switch f["kind"] {
	case "worker":
		parts := notEmpty("worker "+f["index"]+" "+f["state"], f["reason"], prefixed("exit code ", f["exit_code"]), f["message"])
		if f["reason"] == reasonScaledDown { // the lines before name the event
			parts = slices.DeleteFunc(parts, func(part string) bool { return part == f["message"] })
		}
		return strings.Join(parts, ", ")
	case "settled":
		return "settled: every worker created, entry acknowledged"
	case "scaled_down":
		return "settled: " + f["message"]
	case "closed":
		return "closed: " + counts(f)
	default:
		return strings.Join(notEmpty(f["kind"], f["reason"], f["message"]), ": ")
	}
}

func counts(f map[string]string) string {
	return fmt.Sprintf("%s succeeded, %s failed, %s cancelled, %s lost", f["n_succeeded"], f["n_failed"], f["n_cancelled"], f["n_lost"])
}

func notEmpty(parts ...string) []string {
	return slices.DeleteFunc(parts, func(part string) bool { return part == "" })
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// logLine is a line of a worker's log, or its end.
type logLine struct {
	at     time.Time
	worker string
	text   string
	end    bool
	err    error // with end: why it could not be read
}

func (l logLine) apply(s *eventState) *line {
	if l.end {
		s.logs.ended, s.logs.err = true, l.err
		return nil
	}
	s.logs.lines = append(s.logs.lines, l.text)
	return &line{l.at, "log", l.worker + "  " + l.text}
}
