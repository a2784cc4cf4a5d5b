package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestScaleFields(t *testing.T) {
	for name, test := range map[string]struct {
		kind    event.Type
		flags   []string
		count   string
		want    map[string]string
		wantErr string
	}{
		"minimal": {kind: event.ScaleUp, count: "3", want: map[string]string{"type": "scale_up", "pod_count": "3"}},
		"all flags": {
			kind: event.ScaleUp, flags: []string{"--task=t", "--key=k", "--template=big", "--deadline=90s", "--meta=a=b"}, count: "1",
			want: map[string]string{
				"type": "scale_up", "pod_count": "1", "task_id": "t", "idempotency_key": "k", "template": "big", "deadline_seconds": "90", "a": "b",
			},
		},
		"flags of queues": {
			kind: event.ScaleUp, count: "9", flags: []string{
				"--queue=web", "--priority=high", "--max-parallel=3", "--start-deadline=30m", "--image=registry.example/a:1", "--cpu=500m", "--memory=2Gi",
			},
			want: map[string]string{
				"type": "scale_up", "pod_count": "9", "queue": "web", "priority": "high", "max_parallel": "3", "start_deadline_seconds": "1800",
				"image": "registry.example/a:1", "cpu": "500m", "memory": "2Gi",
			},
		},
		"queue, down": {
			kind: event.ScaleDown, flags: []string{"--queue=web"}, count: "1",
			want: map[string]string{"type": "scale_down", "pod_count": "1", "queue": "web"},
		},
		"priority, down":          {kind: event.ScaleDown, flags: []string{"--priority=high"}, count: "1", wantErr: "unknown flag"},
		"an invalid queue":        {kind: event.ScaleUp, flags: []string{"--queue=a b"}, count: "1", wantErr: "queue"},
		"an invalid image":        {kind: event.ScaleUp, flags: []string{"--image=A B"}, count: "1", wantErr: "image"},
		"count not a number":      {kind: event.ScaleDown, count: "many", wantErr: "pod_count"},
		"count of zero":           {kind: event.ScaleDown, count: "0", wantErr: "pod_count"},
		"part of a second":        {kind: event.ScaleUp, flags: []string{"--deadline=1500ms"}, count: "1", wantErr: "--deadline"},
		"metadata of an argument": {kind: event.ScaleUp, flags: []string{"--meta=type=scale_down"}, count: "1", wantErr: "--meta"},
		"metadata of a flag":      {kind: event.ScaleUp, flags: []string{"--meta=template=big"}, count: "1", wantErr: "--meta"},
		"metadata without a flag": {
			kind: event.ScaleUp, flags: []string{"--meta=tracestate=a=b"}, count: "1",
			want: map[string]string{"type": "scale_up", "pod_count": "1", "tracestate": "a=b"},
		},
		"invalid task":   {kind: event.ScaleUp, flags: []string{"--task=a\nb"}, count: "1", wantErr: "task_id"},
		"template, down": {kind: event.ScaleDown, flags: []string{"--template=big"}, count: "1", wantErr: "unknown flag"},
	} {
		r, c := newScaleRequest(test.kind), &cobra.Command{}
		r.addFlags(c)
		err := c.ParseFlags(test.flags)
		var got map[string]string
		if err == nil {
			got, err = r.fields(test.count)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%s: got error %v, want one with %q", name, err, test.wantErr)
		}
	}
}

func TestCorrectFields(t *testing.T) {
	invalid := func() map[string]string {
		return map[string]string{"type": "scale_up", "pod_count": "zero", "deadline_seconds": "x"}
	}
	fields := invalid()
	if err := correctFields(fields, map[string]string{"pod_count": "3"}); err == nil || !strings.Contains(err.Error(), "deadline_seconds") {
		t.Errorf("one of two fields corrected: %v", err)
	}
	fields = invalid()
	if err := correctFields(fields, map[string]string{"pod_count": "3", "deadline_seconds": ""}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"type": "scale_up", "pod_count": "3"}, fields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestViewEvent(t *testing.T) {
	now := testID.Time().Add(90 * time.Minute)
	settled := record(worker.StateRunning, worker.StateLost)
	settled.Settled = true
	closed := record("", "")
	closed.Closed, closed.Counts = true, worker.Counts{Succeeded: 1, Failed: 1}
	for name, test := range map[string]struct {
		rec  *worker.Record
		want eventView
	}{
		"waiting":  {record("", ""), eventView{Count: 2, State: "waiting", Waiting: 2}},
		"starting": {record("", worker.StateCreated), eventView{Count: 2, State: "starting", Waiting: 1, Running: 1}},
		"retrying": {record(worker.StateRetrying), eventView{Count: 1, State: "waiting", Waiting: 1}},
		"running":  {settled, eventView{Count: 2, State: "running", Running: 1, Done: 1, Failed: 1}},
		"closed":   {closed, eventView{Count: 2, State: "closed", Done: 2, Failed: 1}},
	} {
		test.want.Event, test.want.Type, test.want.Task, test.want.Template, test.want.Age = testID.String(), "scale_up", "task-123", "big", "1h30m"
		test.want.Queue = "default"
		if diff := cmp.Diff(test.want, viewEvent(test.rec, now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOutput(t *testing.T) {
	v := []eventView{{Event: "5-1", Type: "scale_up", Count: 2}}
	for format, want := range map[output]string{
		"table": "EVENT  TYPE\n5-1    a b\n",
		"json":  "[\n  {\n    \"event_id\": \"5-1\",",
		"yaml":  "- age: \"\"\n",
	} {
		var out bytes.Buffer
		if err := format.print(&out, v, []string{"EVENT", "TYPE"}, [][]string{{"5-1", "a\nb"}}); err != nil || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: %v, %q", format, err, out.String())
		}
	}
	unsupported := output("xml")
	if err := unsupported.print(&bytes.Buffer{}, v, nil, nil); exitCode(err) != exitUsage {
		t.Errorf("xml: %v", err)
	}
}

// TestUsage: an invalid command line is exit code 2 and one line, before Redis is read.
func TestUsage(t *testing.T) {
	for _, args := range []string{
		"scale up", "scale sideways 3", "get pods", "get workers 1-1 2-2", "explain", "dead redrive", "frobnicate", "scale up 3 --frob",
		"version --pprof 127.0.0.1:6060", "cancel", "cancel 1-1 --task t", "pause --by kim", "pause a b --by kim --reason r", "resume a b", "get queues a", "logs", "logs a --since x", "logs a -o json",
	} {
		var out, err bytes.Buffer
		code := Main(t.Context(), "v1", strings.Fields(args), &out, &err)
		if code != exitUsage || strings.Count(err.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out.String(), err.String())
		}
	}
}
