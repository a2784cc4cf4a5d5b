package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestPrintExplanation(t *testing.T) {
	f := facts{id: testID, record: record(worker.StateFailed), otherEvents: []event.ID{{Ms: 5}}, history: []inspect.StatusEntry{
		entry("kind", "accepted", "task_id", "task-123"),
		entry("kind", "worker", "index", "2", "state", "failed", "attempt", "3", "node", "n", "exit_code", "137", "reason", "OOMKilled", "message", "out\nof \x1b[31mmemory"),
		entry("kind", "closed", "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "0"),
	}}
	var out bytes.Buffer
	if err := explain(f).print(&out, "table"); err != nil {
		t.Fatal(err)
	}
	oom, _ := worker.ReasonOf("OOMKilled")
	want := `Event 1756659802903-0: scale_up, pod_count 1, task_id "task-123", template "big"

AT                        AFTER  WHAT
2025-08-31T17:03:22.903Z  0s     sent: XADD
2025-08-31T17:03:22.943Z  40ms   accepted
2025-08-31T17:03:22.943Z  40ms   worker 2 failed (attempt 3) on n exit code 137 · OOMKilled · out of  [31mmemory · OTTO508
2025-08-31T17:03:22.943Z  40ms   closed 0 succeeded, 1 failed, 0 cancelled, 0 lost

Open: 0 workers wait for a Pod, 0 have one, 1 have their outcome.
Worker 2 failed: OOMKilled: out of  [31mmemory
  code: OTTO508
  fix: ` + oom.Fix + `

Other events of this task: [5-0]
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExplanationAsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := explain(facts{id: testID}).print(&out, "json"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"event_id": "1756659802903-0"`, `"history": [`, `"now": [`, `"fix": "`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// TestLongHistory: the middle of a long history is left out, its last entry is not.
func TestLongHistory(t *testing.T) {
	f := facts{id: testID}
	for range 5 * maxHistory {
		f.history = append(f.history, entry("kind", "worker", "index", "1", "state", "created", "attempt", "1"))
	}
	f.history = append(f.history, entry("kind", "settled"))
	got := explain(f).History
	if n := len(got); n != maxHistory+3 || got[n-1].What != "settled" || got[n-2].What != "… and 800 more changes" {
		t.Errorf("%d lines, at the end %+v", n, got[n-2:])
	}
}

// TestScheduled: the binding of a Pod stands between its creation and its start, at the attempt it belongs to.
func TestScheduled(t *testing.T) {
	pod := func(slot, attempt int, at time.Time) pods.PodView {
		return pods.PodView{Observation: worker.Observation{Slot: slot, Attempt: attempt, Node: "n", Scheduled: at}}
	}
	second := testID.Time().Truncate(time.Second)
	f := facts{id: testID, pods: []pods.PodView{pod(1, 2, second.Add(3*time.Second)), pod(2, 1, second), pod(3, 1, time.Time{})}}
	for _, slot := range []string{"1", "2", "3"} {
		f.history = append(f.history, entry("kind", "worker", "index", slot, "state", "created", "attempt", "1"))
	}
	f.history = append(f.history, entry("kind", "worker", "index", "1", "state", "created", "attempt", "2"), entry("kind", "worker", "index", "1", "state", "running", "attempt", "2"))
	var got []string
	for _, h := range history(f) {
		got = append(got, strings.TrimSpace(h.After+" "+h.What))
	}
	const source = " scheduled to n (time from Kubernetes, in whole seconds)"
	want := []string{
		"0s sent: XADD", "40ms worker 1 created", "40ms worker 2 created", "worker 2" + source, "40ms worker 3 created",
		"40ms worker 1 created (attempt 2)", "2s worker 1" + source, "40ms worker 1 running (attempt 2)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
