package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func completed() *eventState {
	s := newEventState(testEvent, start, 1, true)
	for _, n := range completedUpdates() {
		n.apply(s)
	}
	return s
}

func TestTable(t *testing.T) {
	s := newEventState(testEvent, start, 2, false)
	s.workers[0] = worker{
		name: "otto-agent-1-" + testEvent, state: "Running",
		created: after(12 * time.Millisecond), running: after(1400 * time.Millisecond),
	}
	want := []string{
		"  WORKER                        STATE       CREATED  RUNNING    ENDED     GONE",
		"  otto-agent-1-1756659802903-0  Running       12 ms   1.40 s        -        -",
		"  worker 2                                        -        -        -        -",
	}
	if diff := cmp.Diff(want, table(s, newPrinter(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestSummary(t *testing.T) {
	s := completed()
	s.workers = append(s.workers, worker{created: after(20 * time.Millisecond)}, worker{})
	want := []string{
		"                        FASTEST  SLOWEST",
		"  XADD → Pod created      12 ms    20 ms",
		"  created → running      988 ms   988 ms",
		"  running → ended        30.0 s   30.0 s",
		"  ended → gone           5.00 s   5.00 s",
		"  XADD → gone            36.0 s   36.0 s",
	}
	if diff := cmp.Diff(want, summary(spans(s), newPrinter(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestChecks(t *testing.T) {
	tests := []struct {
		name   string
		change func(*eventState, *endState)
		failed string // the line that says no
	}{
		{"as it should be", func(*eventState, *endState) {}, ""},
		{"no audit log", func(_ *eventState, f *endState) { f.audit = nil }, ""},
		{"a worker failed", func(s *eventState, _ *endState) { s.states = map[string]int{"failed": 1} }, "0 of 1 workers succeeded"},
		{"an outcome twice", func(s *eventState, _ *endState) { s.states["succeeded"]++ }, "2 of 1 workers"},
		{"a Pod stayed", func(s *eventState, _ *endState) { s.workers[0].gone = time.Time{} }, "their Pods are deleted"},
		{"a second POST", func(_ *eventState, f *endState) { f.audit = &audit{2, 1, 1} }, "2 POSTs"},
		{"a DELETE without UID", func(_ *eventState, f *endState) { f.audit.uids = 0 }, "0 DELETEs with a UID"},
		{"a dead letter", func(_ *eventState, f *endState) { f.dead = 1 }, "1 dead letters"},
		{"an entry pending", func(_ *eventState, f *endState) { f.pending = 1 }, "1 entries pending"},
		{"half a log", func(s *eventState, _ *endState) { s.logs.lines = s.logs.lines[:1] }, `says "Starting..."`},
		{"no log", func(s *eventState, _ *endState) { s.logs.err = errors.New("refused") }, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, f, b := completed(), endState{audit: &audit{1, 1, 1}}, &bytes.Buffer{}
			tt.change(s, &f)
			err := printChecks(append(checks(s), endChecks(1, f)...), newPrinter(b))
			if (err != nil) != (tt.failed != "") {
				t.Fatalf("error %v\n%s", err, b)
			}
			for line := range strings.Lines(b.String()) {
				if no := strings.HasPrefix(line, "  NO"); no != (tt.failed != "" && strings.Contains(line, tt.failed)) {
					t.Errorf("line %q", line)
				}
			}
		})
	}
}

func TestReadAudit(t *testing.T) {
	log := `{"verb":"create","userAgent":"ottoscaler/dev","objectRef":{"resource":"pods"}}
{"verb":"create","userAgent":"ottoscaler/dev","objectRef":{"resource":"pods","subresource":"binding"}}
{"verb":"watch","userAgent":"ottoscaler/dev","objectRef":{"resource":"pods"}}
{"verb":"delete","userAgent":"kubelet/v1.37.2","objectRef":{"resource":"pods"}}
{"verb":"delete","userAgent":"ottoscaler/dev","objectRef":{"resource":"pods"},"requestObject":{"preconditions":{"uid":"u"}}}
{"verb":"delete","userAgent":"ottoscaler/dev","objectRef":{"resource":"pods"}}
{"verb":"delete","userAg`
	got, err := readAudit(strings.NewReader(log))
	if want := (audit{1, 2, 1}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}
