package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// story is all that is known of one event. It changes by news alone, and does nothing by itself.
type story struct {
	event   string
	sent    time.Time // when the XADD began
	workers []worker  // index 0 is slot 1
	kinds   map[string]int
	states  map[string]int // of workers, as the status stream tells them
	reasons map[string]int // of outcomes
	closed  string         // the counts; empty: not closed
	logs    logs
	down    *takeDown // the scale_down that takes the workers away; nil: they come to their own end
}

const reasonScaledDown = "ScaledDown"

// takeDown is all that is known of a scale_down.
type takeDown struct {
	event  string // empty: not sent yet
	sent   time.Time
	kinds  map[string]int
	chosen string // how many it takes, in the words of the status stream
	closed string // the counts
}

// worker is one slot's Pod, as the watch showed it. The zero time: not seen.
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

// news is something that was seen. Its apply changes the story and returns what there is to tell, if anything.
type news interface {
	apply(s *story) *line
}

// line is one change, told.
type line struct {
	at     time.Time
	source string // pod, status, log
	text   string
}

func newStory(event string, sent time.Time, pods int, logsWanted bool) *story {
	return &story{
		event: event, sent: sent, workers: make([]worker, pods), logs: logs{wanted: logsWanted},
		kinds: map[string]int{}, states: map[string]int{}, reasons: map[string]int{},
	}
}

// waitsToRun says in words what is still to come before all workers run.
func (s *story) waitsToRun() string {
	n := min(s.count(func(w worker) bool { return !w.running.IsZero() }), s.states["running"])
	if n < len(s.workers) {
		return fmt.Sprintf("the workers to run; so far %d of %d do", n, len(s.workers))
	}
	return ""
}

// waitsFor says in words what is still to come; nothing: all has been seen.
func (s *story) waitsFor() string {
	gone := s.count(func(w worker) bool { return !w.gone.IsZero() })
	switch {
	case gone < len(s.workers):
		return fmt.Sprintf("the workers to end and be gone; so far %d of %d are", gone, len(s.workers))
	case s.closed == "":
		return "the status stream to say that the event is closed"
	case s.down != nil && s.down.closed == "":
		return "the status stream to say that the scale_down is closed"
	case s.logs.wanted && !s.logs.ended:
		return "the end of the log of " + s.logs.worker
	}
	return ""
}

func (s *story) count(is func(worker) bool) int {
	n := 0
	for _, w := range s.workers {
		if is(w) {
			n++
		}
	}
	return n
}

// podSight is one Pod at one moment.
type podSight struct {
	at                               time.Time
	name, event, node, phase, reason string
	slot                             int
	gone                             bool
}

func (p podSight) apply(s *story) *line {
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
	return &line{p.at, "pod", p.name + "  " + p.words()}
}

func (p podSight) state() string {
	if p.gone {
		return "gone"
	}
	return p.phase
}

func (p podSight) words() string {
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

func (e statusEntry) apply(s *story) *line {
	switch d := s.down; {
	case e.fields["event_id"] == s.event:
		e.tellUp(s)
		return &line{e.at, "status", e.words()}
	case d != nil && e.fields["event_id"] == d.event:
		e.tellDown(d)
		return &line{e.at, "status", scaleDown + " " + e.words()}
	}
	return nil
}

func (e statusEntry) tellUp(s *story) {
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

func (e statusEntry) tellDown(d *takeDown) {
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

func (e statusEntry) words() string {
	f := e.fields
	switch f["kind"] {
	case "worker":
		parts := notEmpty("worker "+f["index"]+" "+f["state"], f["reason"], prefixed("exit code ", f["exit_code"]), f["message"])
		if f["reason"] == reasonScaledDown { // the lines before say by which event
			parts = slices.DeleteFunc(parts, func(part string) bool { return part == f["message"] })
		}
		return strings.Join(parts, ", ")
	case "settled":
		return "settled: every worker is created, the entry is acknowledged"
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

func (l logLine) apply(s *story) *line {
	if l.end {
		s.logs.ended, s.logs.err = true, l.err
		return nil
	}
	s.logs.lines = append(s.logs.lines, l.text)
	return &line{l.at, "log", l.worker + "  " + l.text}
}
