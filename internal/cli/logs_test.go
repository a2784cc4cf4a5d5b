package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/podlogs"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestLogsOptions(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		options logsOptions
		want    podlogs.From
		wantErr string
	}{
		"none":       {options: logsOptions{output: "text", tail: -1}},
		"tail":       {options: logsOptions{output: "ndjson"}, want: podlogs.From{Tail: new(0)}},
		"duration":   {options: logsOptions{output: "text", tail: -1, since: "5m"}, want: podlogs.From{Since: now.Add(-5 * time.Minute)}},
		"time":       {options: logsOptions{output: "text", tail: -1, since: "2026-11-28T09:00:00Z"}, want: podlogs.From{Since: now.Add(-time.Hour)}},
		"bad since":  {options: logsOptions{output: "text", tail: -1, since: "-5m"}, wantErr: "--since"},
		"bad tail":   {options: logsOptions{output: "text", tail: -2}, wantErr: "--tail"},
		"bad output": {options: logsOptions{output: "json", tail: -1}, wantErr: "--output"},
	} {
		err := test.options.parse(now)
		if diff := cmp.Diff(test.want, test.options.from); diff != "" && test.wantErr == "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinePrinter(t *testing.T) {
	a := podlogs.Target{Pod: "otto-agent-1-5-0", Container: "agent"}
	b := podlogs.Target{Pod: "otto-agent-2-5-0-r2", Container: "agent"}
	at := time.Date(2026, 11, 28, 10, 0, 0, 5, time.UTC)
	lines := []podlogs.Line{
		{Target: a, Time: at, Text: []byte("one\x1b[2J")},
		{Target: a, Time: at, Text: []byte("long "), Continued: true},
		{Target: b, Time: at, Text: []byte("\xff<&>")},
		{Target: a, Time: at, Text: []byte("line")},
		{Target: b, Text: []byte("lines may be missing"), Marker: podlogs.MarkerGap},
	}
	for name, test := range map[string]struct {
		options logsOptions
		escape  bool
		want    string
	}{
		"pipe": {
			logsOptions{output: "text"}, false, "otto-agent-1-5-0 agent one\x1b[2J\notto-agent-1-5-0 agent long \notto-agent-2-5-0-r2 agent \xff<&>\n" +
				"otto-agent-1-5-0 agent line\notto-agent-2-5-0-r2 agent [ottoscaler] lines may be missing\n",
		},
		"terminal": {
			logsOptions{output: "text", timestamps: true}, true, "otto-agent-1-5-0 agent 2026-11-28T10:00:00.000000005Z one\\x1b[2J\n" +
				"otto-agent-1-5-0 agent 2026-11-28T10:00:00.000000005Z long \notto-agent-2-5-0-r2 agent 2026-11-28T10:00:00.000000005Z \\xff<&>\n" +
				"otto-agent-1-5-0 agent 2026-11-28T10:00:00.000000005Z line\notto-agent-2-5-0-r2 agent [ottoscaler] lines may be missing\n",
		},
	} {
		var out bytes.Buffer
		p := newLinePrinter(&out, &test.options, event.NewNames(event.DefaultInstance, event.DefaultStream), false)
		p.escape = test.escape
		for _, l := range lines {
			if err := p.print(l); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var out bytes.Buffer
	p := newLinePrinter(&out, &logsOptions{output: "ndjson"}, event.NewNames(event.DefaultInstance, event.DefaultStream), false)
	_ = p.print(lines[2])
	const want = `{"time":"2026-11-28T10:00:00.000000005Z","event_id":"5-0","worker":"otto-agent-2-5-0","attempt":2,` +
		`"pod":"otto-agent-2-5-0-r2","container":"agent","line":"","line_base64":"/zwmPg=="}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("ndjson (-want +got):\n%s", diff)
	}
}

// TestGoneWorkers: what the status stream kept of workers without a Pod, failures first.
func TestGoneWorkers(t *testing.T) {
	l := &logsCommand{logsOptions: &logsOptions{}, names: event.NewNames(event.DefaultInstance, event.DefaultStream)}
	l.facts.id, l.facts.record = testID, record(worker.StateSucceeded, worker.StateFailed, worker.StateRunning, "")
	l.facts.history = append(l.facts.history,
		entry("kind", "worker", "index", "1", "attempt", "1", "state", "succeeded"),
		entry("kind", "worker", "index", "2", "attempt", "2", "state", "failed", "reason", "Error", "exit_code", "7", "message", "a\nb"))
	gone, waiting := l.goneWorkers([]podlogs.Pod{{Name: l.names.Pod(testID, 3, 1)}})
	if len(gone) != 2 || gone[0].Fields["index"] != "2" || waiting != 1 {
		t.Errorf("%v, waiting %d", gone, waiting)
	}
	want := []string{"the Pod is gone, as is its log: failed (Error), exit code 7, at 2025-08-31T17:03:22.943Z; the status stream kept:", "a", "b"}
	if diff := cmp.Diff(want, describeGone(gone[0].Fields)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if line := l.goneLine(gone[0], "a"); line.Pod != l.names.Pod(testID, 2, 2) || line.Marker != markerStatus {
		t.Errorf("%+v", line)
	}
}

// slowPipe is read slowly.
type slowPipe struct{ bytes.Buffer }

func (p *slowPipe) Write(b []byte) (int, error) {
	time.Sleep(2 * idleLimit)
	return p.Buffer.Write(b)
}

// TestSlowReader: a reader that lets the pipe wait does not make the log look idle.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLinePrinter(&slowPipe{}, &logsOptions{output: "text"}, event.NewNames(event.DefaultInstance, event.DefaultStream), true)
		if err := p.print(podlogs.Line{Text: []byte("one")}); err != nil {
			t.Fatal(err)
		}
		if idle := p.idle(); idle > 0 {
			t.Errorf("idle for %v", idle)
		}
	})
}
