package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// diagnosisCase is what is expected of explain: each statement begins with What, has Code, and its Fix contains Fix.
type diagnosisCase struct {
	facts facts
	want  []diagnosis
}

func runDiagnosisCases(t *testing.T, cases map[string]diagnosisCase) {
	t.Helper()
	for name, test := range cases {
		test.facts.id = testID
		got := explain(test.facts).Now
		if len(got) != len(test.want) {
			t.Errorf("%s: got %+v", name, got)
			continue
		}
		for i, w := range test.want {
			g := got[i]
			if !strings.HasPrefix(g.What, w.What) || g.Code != w.Code || !strings.Contains(g.Fix, w.Fix) || (w.Fix == "") != (g.Fix == "") {
				t.Errorf("%s: got %+v\nwant %+v", name, g, w)
			}
		}
	}
}

// coded is a statement with the code and its fix.
func coded(c errcode.Code, what string) diagnosis {
	return diagnosis{What: what, Code: string(c), Fix: c.Entry().Fix}
}

// TestDiagnoseWithoutRecord covers events without a record.
func TestDiagnoseWithoutRecord(t *testing.T) {
	rejected := inspect.DeadLetter{ID: "7-1", Code: "invalid_type", Reason: "no type"}
	pending := inspect.Entry{Delivered: true, Pending: true, Deliveries: 4}
	runDiagnosisCases(t, map[string]diagnosisCase{
		"unknown":            {facts{}, []diagnosis{{"Unknown: ", "", "REDIS_STREAM"}}},
		"not read":           {facts{entry: &inspect.Entry{}}, []diagnosis{{"Not read yet: no replica leads, or intake is paused", "", "ottoscaler_leader"}}},
		"not read, leader":   {facts{entry: &inspect.Entry{}, leaderless: true}, []diagnosis{{"No leader holds the Lease", "", "kubectl get pods"}}},
		"not accepted":       {facts{entry: &pending}, []diagnosis{{"Delivered (4 times)", "", "readyz"}}},
		"record expired":     {facts{entry: &inspect.Entry{Delivered: true}}, []diagnosis{{"Acknowledged, still in the stream", "", ""}}},
		"rejected":           {facts{deadLetter: &rejected}, []diagnosis{{"Rejected (invalid_type): no type", "OTTO401", "dead redrive 7-1"}}},
		"duplicate":          {facts{history: []inspect.StatusEntry{entry("kind", "duplicate")}}, []diagnosis{{"Duplicate: ", "", ""}}},
		"closed and expired": {facts{history: []inspect.StatusEntry{entry("kind", "closed")}}, []diagnosis{{"Closed; its record has expired.", "", ""}}},
		"record unreadable":  {facts{recordErr: errors.New("no such field")}, []diagnosis{coded(errcode.RecordUnreadable, "no such field")}},
	})
}

// TestDiagnoseClosed covers closed events and scale_downs.
func TestDiagnoseClosed(t *testing.T) {
	closed := record()
	closed.Closed, closed.Counts = true, worker.Counts{Succeeded: 2, Lost: 1}
	down := &worker.Record{
		Event:   event.Event{EventID: testID, Type: event.ScaleDown, PodCount: 2},
		Victims: make([]worker.Victim, 2), Counts: worker.Counts{Cancelled: 1}, Settled: true,
	}
	failure := entry("kind", "worker", "index", "2", "state", "failed", "reason", "ErrImagePull", "message", "not found")
	programError := entry("kind", "worker", "state", "failed", "reason", "Error")
	lost := entry("kind", "worker", "index", "1", "state", "lost", "reason", "NodeLost")
	runDiagnosisCases(t, map[string]diagnosisCase{
		"all ended": {facts{record: closed}, []diagnosis{{"Closed: 2 succeeded, 0 failed, 0 cancelled, 1 lost.", "", ""}}},
		"image": {facts{record: closed, history: []inspect.StatusEntry{failure, failure, programError}}, []diagnosis{
			{"Closed: ", "", ""}, withReason("ErrImagePull", "Worker 2 failed: ErrImagePull: not found"),
		}},
		"lost":       {facts{record: closed, history: []inspect.StatusEntry{lost}}, []diagnosis{{"Closed: ", "", ""}, withReason("NodeLost", "Worker 1 lost: NodeLost")}},
		"scale_down": {facts{record: down}, []diagnosis{{"Open: 2 workers selected, 1 of them have their outcome", "", ""}}},
	})
}

// TestDiagnoseWaiting covers open events with workers that have no Pod.
func TestDiagnoseWaiting(t *testing.T) {
	refused := fmt.Errorf("dry run: %w: exceeded quota: q", worker.ErrRefused)
	open := diagnosis{What: "Open: 1 workers wait for a Pod, 0 have one, 0 have their outcome."}
	runDiagnosisCases(t, map[string]diagnosisCase{
		"capacity": {facts{record: record(""), active: 5, maxWorkers: 5}, []diagnosis{
			open, {"Waiting for capacity: 5 workers running or pending, OTTO_MAX_WORKERS is 5", "", "raise OTTO_MAX_WORKERS"},
		}},
		"no leader": {facts{record: record(""), leaderless: true}, []diagnosis{open, {"No leader holds the Lease", "", "kubectl get pods"}}},
		"quota": {facts{record: record("", worker.StateFailed), maxWorkers: 5, dryRunErr: refused}, []diagnosis{
			{"Open: 1 workers wait for a Pod, 0 have one, 1 have", "", ""},
			coded(errcode.TemplateParked, "The API server refuses another Pod of its template: dry run: "),
		}},
		"forbidden": {facts{record: record(""), maxWorkers: 5, dryRunErr: worker.ErrForbidden}, []diagnosis{
			open, coded(errcode.CreateFailed, "The API server accepts no Pod, or none from this account"),
		}},
		"about to start": {facts{record: record(""), maxWorkers: 5, maxWorkersSource: "the leader's"}, []diagnosis{
			open, {"Capacity available: 0 workers running or pending, OTTO_MAX_WORKERS is 5 (the leader's)", "", "ottoscaler_leader"},
		}},
	})
}

// TestDiagnosePending covers Pods that do not run.
func TestDiagnosePending(t *testing.T) {
	created := record(worker.StateCreated)
	pod := func(node, reason, message string) []pods.PodView {
		return podViews(worker.Observation{Ref: worker.PodRef{Name: "p"}, Node: node, Reason: reason, Message: message})
	}
	open := diagnosis{What: "Open: 0 workers wait for a Pod, 1 have one"}
	runDiagnosisCases(t, map[string]diagnosisCase{
		"no Kubernetes": {facts{record: created, clusterErr: errors.New("connection refused")}, []diagnosis{open, {"Kubernetes unavailable: connection refused", "", ""}}},
		"all run":       {facts{record: record(worker.StateRunning), pods: podViews(worker.Observation{Phase: worker.PhaseRunning})}, []diagnosis{open}},
		"image": {facts{record: created, pods: pod("n", "ErrImagePull", "not found")}, []diagnosis{
			open, withReason("ErrImagePull", "Pod p does not run yet on node n: ErrImagePull: not found"),
		}},
		"unschedulable": {facts{record: created, pods: pod("", "Unschedulable", "0/3 nodes")}, []diagnosis{
			open, withReason("Unschedulable", "Pod p does not run yet, not scheduled to a node: Unschedulable: 0/3 nodes"),
		}},
		"its volume": {facts{record: created, pods: podViews(worker.Observation{
			Ref: worker.PodRef{Name: "p"}, Node: "n", Reason: "ContainerCreating", Warning: "FailedMount: no such volume",
		})}, []diagnosis{
			open, withReason("StartTimeout", "Pod p does not run yet on node n: ContainerCreating: FailedMount: no such volume"),
		}},
		"a sidecar": {facts{record: created, pods: podViews(worker.Observation{
			Ref: worker.PodRef{Name: "p"}, Node: "n", Waiting: worker.WaitingStart, Reason: "CrashLoopBackOff", Warning: "BackOff: again",
		})}, []diagnosis{
			open, withReason("CrashLoopBackOff", "Pod p does not run yet on node n: CrashLoopBackOff: BackOff: again"),
		}},
		"unknown reason": {facts{record: created, pods: pod("", "Other", "")}, []diagnosis{
			open, {"Pod p does not run yet, not scheduled to a node: Other", "", ""},
		}},
	})
}

// TestDiagnosePods covers what is known without Redis.
func TestDiagnosePods(t *testing.T) {
	redisErr := errors.New("refused")
	running := worker.Observation{Ref: worker.PodRef{Name: "p"}, Phase: worker.PhaseRunning, Node: "n"}
	pending := worker.Observation{Ref: worker.PodRef{Name: "q"}, Reason: "ErrImagePull"}
	down := coded(errcode.Redis, "Redis unavailable: refused. Until it answers nothing new starts")
	runDiagnosisCases(t, map[string]diagnosisCase{
		"with Kubernetes": {facts{redisErr: redisErr, pods: podViews(running, pending)}, []diagnosis{
			down, {"Kubernetes has 2 Pods of this event.", "", ""}, {"Pod p runs on node n.", "", ""}, withReason("ErrImagePull", "Pod q does not run yet"),
		}},
		"without either": {facts{redisErr: redisErr, clusterErr: errors.New("timeout")}, []diagnosis{down, {"Kubernetes unavailable too: timeout", "", ""}}},
	})
}
