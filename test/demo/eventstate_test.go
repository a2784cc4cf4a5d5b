package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testEvent = "1756659802903-0"

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func after(d time.Duration) time.Time { return start.Add(d) }

func observed(d time.Duration, phase string) podObservation {
	return podObservation{at: after(d), name: "otto-agent-1-" + testEvent, event: testEvent, slot: 1, node: "localhost", phase: phase}
}

func status(d time.Duration, pairs ...string) statusEntry {
	fields := map[string]string{"event_id": testEvent}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return statusEntry{after(d), fields}
}

func closed(d time.Duration) statusEntry {
	return status(d, "kind", "closed", "n_succeeded", "1", "n_failed", "0", "n_cancelled", "0", "n_lost", "0")
}

// completedUpdates are those of one worker without faults.
func completedUpdates() []update {
	ended := observed(31*time.Second, "Succeeded")
	ended.reason = "exit code 0"
	gone := observed(36*time.Second, "Succeeded")
	gone.gone = true
	return []update{
		status(3*time.Millisecond, "kind", "accepted"),
		observed(12*time.Millisecond, "Pending"),
		observed(13*time.Millisecond, "Pending"), // bound: no line
		status(14*time.Millisecond, "kind", "worker", "index", "1", "state", "created"),
		status(15*time.Millisecond, "kind", "settled"),
		observed(time.Second, "Running"),
		status(time.Second, "kind", "worker", "index", "1", "state", "running"),
		logLine{at: after(time.Second), worker: "w", text: "Starting..."},
		logLine{at: after(31 * time.Second), worker: "w", text: "Done!"},
		logLine{at: after(31 * time.Second), worker: "w", end: true},
		ended,
		status(31*time.Second, "kind", "worker", "index", "1", "state", "succeeded", "reason", "Completed", "exit_code", "0"),
		closed(31 * time.Second),
		gone,
	}
}

func TestEventStateReportsEachChangeOnce(t *testing.T) {
	s, out := newEventState(testEvent, start, 1, true), newPrinter(nil)
	var got []string
	for i, n := range completedUpdates() {
		if s.waitingFor() == "" {
			t.Errorf("done before update %d", i)
		}
		if l := n.apply(s); l != nil {
			got = append(got, formatLine(s, l, out))
		}
	}
	want := []string{
		"      3 ms  status  accepted",
		"     12 ms  pod     otto-agent-1-1756659802903-0  Pending",
		"     14 ms  status  worker 1 created",
		"     15 ms  status  settled: every worker created, entry acknowledged",
		"    1.00 s  pod     otto-agent-1-1756659802903-0  Running on localhost",
		"    1.00 s  status  worker 1 running",
		"    1.00 s  log     w  Starting...",
		"    31.0 s  log     w  Done!",
		"    31.0 s  pod     otto-agent-1-1756659802903-0  Succeeded, exit code 0",
		"    31.0 s  status  worker 1 succeeded, Completed, exit code 0",
		"    31.0 s  status  closed: 1 succeeded, 0 failed, 0 cancelled, 0 lost",
		"    36.0 s  pod     otto-agent-1-1756659802903-0  gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.waitingFor() != "" {
		t.Error("not done: waits for", s.waitingFor())
	}
}

func TestEventStateIgnoresOtherEvents(t *testing.T) {
	other, slot := observed(0, "Pending"), observed(0, "Pending")
	other.event, slot.slot = "1-0", 2
	for name, n := range map[string]update{
		"another event's Pod":    other,
		"a slot it has not":      slot,
		"another event's status": statusEntry{start, map[string]string{"event_id": "1-0", "kind": "closed"}},
	} {
		s := newEventState(testEvent, start, 1, false)
		if l := n.apply(s); l != nil || s.closed != "" || s.workers[0].name != "" {
			t.Errorf("%s: line %v, state %+v", name, l, s)
		}
	}
}

func TestWaitingFor(t *testing.T) {
	gone := observed(0, "Succeeded")
	gone.gone = true
	tests := []struct {
		name    string
		logs    bool
		updates []update
		want    string
	}{
		{"nothing yet", false, nil, "the workers' Pods to be deleted; 0 of 1 are"},
		{"gone", false, []update{gone}, "the event to be closed"},
		{"gone and closed", false, []update{gone, closed(0)}, ""},
		{"a log to come", true, []update{gone, closed(0)}, "the end of the log of "},
		{"a log that cannot be read", true, []update{gone, closed(0), logLine{end: true, err: errors.New("no")}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newEventState(testEvent, start, 1, tt.logs)
			for _, n := range tt.updates {
				n.apply(s)
			}
			if got := s.waitingFor(); got != tt.want {
				t.Errorf("waits for %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatusInWords(t *testing.T) {
	tests := []struct {
		entry statusEntry
		want  string
	}{
		{
			status(0, "kind", "rejected", "reason", "bad_pod_count", "message", "pod_count is no number"),
			"rejected: bad_pod_count: pod_count is no number",
		},
		{status(0, "kind", "duplicate"), "duplicate"},
		{status(0, "kind", "scaled_down", "message", "1 of 2 workers is taken away"), "settled: 1 of 2 workers is taken away"},
		{
			status(0, "kind", "worker", "index", "2", "state", "failed", "reason", "Error", "exit_code", "7", "message", "boom"),
			"worker 2 failed, Error, exit code 7, boom",
		},
	}
	for _, tt := range tests {
		if got := tt.entry.text(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.entry.fields, got, tt.want)
		}
	}
}
