package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testDown = "1756659805000-0"

func downStatus(d time.Duration, pairs ...string) statusEntry {
	e := status(d, pairs...)
	e.fields["event_id"] = testDown
	return e
}

// scaledDownUpdates are those of one worker that a scale_down cancels.
func scaledDownUpdates() []update {
	ended, gone := observed(2*time.Second, "Failed"), observed(3*time.Second, "Failed")
	ended.reason, gone.gone = "exit code 143", true
	counted := []string{"kind", "closed", "n_succeeded", "0", "n_failed", "0", "n_cancelled", "1", "n_lost", "0"}
	return []update{
		status(0, "kind", "accepted"),
		status(0, "kind", "worker", "index", "1", "state", "created"),
		observed(time.Second, "Running"),
		status(time.Second, "kind", "worker", "index", "1", "state", "running"),
		downStatus(time.Second, "kind", "accepted"),
		downStatus(time.Second, "kind", "scaled_down", "message", "1 of 1 workers is taken away"),
		ended,
		status(2*time.Second, "kind", "worker", "index", "1", "state", "cancelled", "reason", "ScaledDown", "exit_code", "143",
			"message", "terminated by the scale_down "+testDown),
		status(2*time.Second, counted...),
		downStatus(2*time.Second, counted...),
		gone,
	}
}

func scaledDown() (*eventState, []string) {
	s := newEventState(testEvent, start, 1, false)
	s.down = &scaleDownState{event: testDown, sent: after(time.Second), kinds: map[string]int{}}
	var lines []string
	for _, n := range scaledDownUpdates() {
		if l := n.apply(s); l != nil && l.source == "status" {
			lines = append(lines, l.text)
		}
	}
	return s, lines
}

func TestEventStateOfAScaleDown(t *testing.T) {
	s, got := scaledDown()
	want := []string{
		"accepted", "worker 1 created", "worker 1 running",
		"scale_down accepted", "scale_down settled: 1 of 1 workers is taken away",
		"worker 1 cancelled, ScaledDown, exit code 143",
		"closed: 0 succeeded, 0 failed, 1 cancelled, 0 lost", "scale_down closed: 0 succeeded, 0 failed, 1 cancelled, 0 lost",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w := s.waitingFor(); w != "" {
		t.Error("waits for", w)
	}
	s.down.closed = ""
	if w := s.waitingFor(); !strings.Contains(w, "the scale_down to be closed") {
		t.Errorf("waits for %q", w)
	}
	wait := []span{{"scale_down → gone", 2 * time.Second, 2 * time.Second, 1}}
	if diff := cmp.Diff(wait, downSpans(s), cmp.AllowUnexported(span{})); diff != "" {
		t.Error(diff)
	}
}

func TestWaitingToRun(t *testing.T) {
	s := newEventState(testEvent, start, 1, false)
	for i, n := range scaledDownUpdates()[:4] {
		if s.waitingToRun() == "" {
			t.Errorf("waits for nothing before update %d", i)
		}
		n.apply(s)
	}
	if w := s.waitingToRun(); w != "" {
		t.Error("waits for", w)
	}
}

func TestChecksOfAScaleDown(t *testing.T) {
	tests := []struct {
		name   string
		change func(*eventState)
		failed string // the line that says no
	}{
		{"as it should be", func(*eventState) {}, ""},
		{"it succeeded", func(s *eventState) { s.states = map[string]int{"succeeded": 1} }, "0 of 1 workers cancelled"},
		{"another client deleted it", func(s *eventState) { s.reasons = map[string]int{"Deleted": 1} }, "0 with reason ScaledDown"},
		{"an outcome twice", func(s *eventState) { s.kinds["worker"]++ }, "1 of 1 workers cancelled"},
		{"a Pod stayed", func(s *eventState) { s.workers[0].gone = time.Time{} }, "their Pods are deleted, too"},
		{"selected twice", func(s *eventState) { s.down.kinds["scaled_down"]++ }, "scale_down: "},
		{"other counts", func(s *eventState) { s.down.closed = counts(nil) }, "both events closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := scaledDown()
			tt.change(s)
			b := &bytes.Buffer{}
			_ = printChecks(downChecks(s), newPrinter(b))
			for line := range strings.Lines(b.String()) {
				if no := strings.HasPrefix(line, "  NO"); no != (tt.failed != "" && strings.Contains(line, tt.failed)) {
					t.Errorf("line %q", line)
				}
			}
		})
	}
}

func TestPodSelector(t *testing.T) {
	e := defaultEvent()
	if got := e.podSelector("1-0"); got != "ottoscaler.io/event-id=1-0" {
		t.Error(got)
	}
	e.kind = scaleDown
	if got := e.podSelector("1-0"); got != "managed-by=ottoscaler" {
		t.Error(got)
	}
}
