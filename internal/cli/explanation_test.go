package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var theID = event.ID{Ms: 1756659802903}

func record(states ...worker.State) *worker.Record {
	rec := &worker.Record{Event: event.Event{
		EventID: theID, Type: event.ScaleUp, PodCount: len(states), Template: "big", Metadata: map[string]string{"task_id": "task-123"},
	}}
	for _, s := range states {
		slot := worker.SlotRecord{State: s}
		if s != "" {
			slot.Attempt = 1
		}
		rec.Slots = append(rec.Slots, slot)
	}
	return rec
}

func said(pairs ...string) redis.Said {
	s := redis.Said{Fields: map[string]string{"event_id": theID.String(), "at": "2025-08-31T17:03:22.943Z"}}
	for i := 0; i < len(pairs); i += 2 {
		s.Fields[pairs[i]] = pairs[i+1]
	}
	return s
}

func pods(all ...worker.Observation) []k8s.Shown {
	var shown []k8s.Shown
	for _, o := range all {
		shown = append(shown, k8s.Shown{Observation: o})
	}
	return shown
}

// TestNow: of each way an event can stand, what is said, the code and, in part, what mends it.
func TestNow(t *testing.T) {
	refused := fmt.Errorf("trying pod: %w: exceeded quota: q", worker.ErrRefused)
	closed := record()
	closed.Closed, closed.Counts = true, worker.Counts{Succeeded: 2, Lost: 1}
	down := &worker.Record{Event: event.Event{EventID: theID, Type: event.ScaleDown, PodCount: 2}, Victims: make([]worker.Victim, 2), Counts: worker.Counts{Cancelled: 1}}
	failed := said("kind", "worker", "index", "2", "state", "failed", "reason", "ErrImagePull", "message", "not found")
	type line struct{ What, Code, Mend string }
	for name, test := range map[string]struct {
		facts facts
		want  []line
	}{
		"unknown":           {facts{}, []line{{"Nothing is known of it", "", "REDIS_STREAM"}}},
		"not read":          {facts{entry: &redis.Entry{}}, []line{{"It waits in the stream: Ottoscaler has not read it", "", "ottoscaler_leader"}}},
		"not read by any":   {facts{entry: &redis.Entry{}, leaderless: true}, []line{{"Nobody leads", "", "kubectl get pods"}}},
		"not taken in":      {facts{entry: &redis.Entry{Delivered: true, Pending: true, Deliveries: 4}}, []line{{"It was delivered (4 times)", "", "readyz"}}},
		"forgotten":         {facts{entry: &redis.Entry{Delivered: true}}, []line{{"It is in the stream, was acknowledged", "", ""}}},
		"rejected":          {facts{letter: &redis.Letter{ID: "7-1", Code: "invalid_type", Reason: "no type"}}, []line{{"It was rejected (invalid_type): no type", "OTTO401", "dead redrive 7-1"}}},
		"duplicate":         {facts{story: []redis.Said{said("kind", "duplicate")}}, []line{{"It came twice", "", ""}}},
		"expired":           {facts{story: []redis.Said{said("kind", "closed")}}, []line{{"It is over, and its record has expired.", "", ""}}},
		"closed":            {facts{record: closed}, []line{{"It is over: 2 succeeded, 0 failed, 0 cancelled, 1 lost.", "", ""}}},
		"unreadable":        {facts{broken: errors.New("no such field")}, []line{{"no such field", "OTTO208", "HGETALL"}}},
		"scale_down":        {facts{record: down}, []line{{"It has chosen 2 workers, of which 1 have their outcome", "", ""}}},
		"waits for room":    {facts{record: record(""), living: 5, room: 5}, []line{{"It is open: 1 workers wait for a Pod, 0 have one, 0 have their outcome.", "", ""}, {"They wait for room: 5 workers live, and OTTO_MAX_WORKERS is 5", "", "raise OTTO_MAX_WORKERS"}}},
		"nobody leads":      {facts{record: record(""), leaderless: true}, []line{{"It is open", "", ""}, {"Nobody leads", "", "kubectl get pods"}}},
		"image, in the end": {facts{record: closed, story: []redis.Said{failed, failed, said("kind", "worker", "state", "failed", "reason", "Error")}}, []line{{"It is over", "", ""}, {"Worker 2 failed: ErrImagePull: not found", "OTTO504", "OTTO_AGENT_IMAGE"}}},
		"lost, in the end":  {facts{record: closed, story: []redis.Said{said("kind", "worker", "index", "1", "state", "lost", "reason", "NodeLost")}}, []line{{"It is over", "", ""}, {"Worker 1 lost: NodeLost", "OTTO510", "Look after the node"}}},
		"without Redis":     {facts{redis: errors.New("refused"), pods: pods(worker.Observation{Ref: worker.PodRef{Name: "p"}, Phase: worker.PhaseRunning, Node: "n"}, worker.Observation{Ref: worker.PodRef{Name: "q"}, Reason: "ErrImagePull"})}, []line{{"Redis cannot be asked: refused. Until it answers nothing new starts", "OTTO104", "redis-cli"}, {"Kubernetes has 2 Pods of it.", "", ""}, {"Pod p runs on node n.", "", ""}, {"Pod q does not run yet", "OTTO504", "OTTO_AGENT_IMAGE"}}},
		"without either":    {facts{redis: errors.New("refused"), cluster: errors.New("nobody")}, []line{{"Redis cannot be asked: refused.", "OTTO104", "redis-cli"}, {"Kubernetes could not be asked either: nobody", "", ""}}},
		"quota":             {facts{record: record("", worker.StateFailed), room: 5, tried: refused}, []line{{"It is open: 1 workers wait for a Pod, 0 have one, 1 have", "", ""}, {"The API server refuses another Pod of its template: trying pod: the API server refuses this Pod: exceeded quota: q", "OTTO301", "Raise the quota"}}},
		"denied":            {facts{record: record(""), room: 5, tried: worker.ErrForbidden}, []line{{"It is open", "", ""}, {"The API server takes no Pod, or none from you", "OTTO302", "grant"}}},
		"about to start":    {facts{record: record(""), room: 5, roomBy: "the leader's"}, []line{{"It is open", "", ""}, {"There is room (0 workers live, and OTTO_MAX_WORKERS is 5, the leader's)", "", "ottoscaler_leader"}}},
		"no Kubernetes":     {facts{record: record(worker.StateCreated), cluster: errors.New("connection refused")}, []line{{"It is open: 0 workers wait for a Pod, 1 have one", "", ""}, {"Kubernetes could not be asked: connection refused", "", ""}}},
		"all run":           {facts{record: record(worker.StateRunning), pods: pods(worker.Observation{Phase: worker.PhaseRunning})}, []line{{"It is open: 0 workers wait for a Pod, 1 have one", "", ""}}},
		"no image":          {facts{record: record(worker.StateCreated), pods: pods(worker.Observation{Ref: worker.PodRef{Name: "p"}, Node: "n", Reason: "ErrImagePull", Message: "not found"})}, []line{{"It is open", "", ""}, {"Pod p does not run yet on node n: ErrImagePull: not found", "OTTO504", "OTTO_AGENT_IMAGE"}}},
		"no node":           {facts{record: record(worker.StateCreated), pods: pods(worker.Observation{Ref: worker.PodRef{Name: "p"}, Reason: "Unschedulable", Message: "0/3 nodes"})}, []line{{"It is open", "", ""}, {"Pod p does not run yet, no node has it: Unschedulable: 0/3 nodes", "OTTO503", "Add nodes"}}},
		"reason not known":  {facts{record: record(worker.StateCreated), pods: pods(worker.Observation{Ref: worker.PodRef{Name: "p"}, Reason: "Strange"})}, []line{{"It is open", "", ""}, {"Pod p does not run yet, no node has it: Strange", "", ""}}},
	} {
		test.facts.id = theID
		got := explain(test.facts).Now
		if len(got) != len(test.want) {
			t.Errorf("%s: got %+v", name, got)
			continue
		}
		for i, w := range test.want {
			if g := got[i]; !strings.HasPrefix(g.What, w.What) || g.Code != w.Code || !strings.Contains(g.Mend, w.Mend) || (w.Mend == "") != (g.Mend == "") {
				t.Errorf("%s: got %+v\nwant %+v", name, g, w)
			}
		}
	}
}

func TestStory(t *testing.T) {
	f := facts{id: theID, record: record(worker.StateFailed), others: []event.ID{{Ms: 5}}, story: []redis.Said{
		said("kind", "accepted", "task_id", "task-123"),
		said("kind", "worker", "index", "2", "state", "failed", "attempt", "3", "node", "n", "exit_code", "137", "reason", "OOMKilled", "message", "out\nof \x1b[31mmemory"),
		said("kind", "closed", "n_succeeded", "0", "n_failed", "1", "n_cancelled", "0", "n_lost", "0"),
	}}
	var out bytes.Buffer
	if err := explain(f).write(&out); err != nil {
		t.Fatal(err)
	}
	want := `Event 1756659802903-0: scale_up, pod_count 1, task_id "task-123", template "big"

AT                        AFTER  WHAT
2025-08-31T17:03:22.903Z  0s     sent: XADD
2025-08-31T17:03:22.943Z  40ms   accepted
2025-08-31T17:03:22.943Z  40ms   worker 2 failed (attempt 3) on n exit code 137 · OOMKilled · out of  [31mmemory · OTTO508
2025-08-31T17:03:22.943Z  40ms   closed 0 succeeded, 1 failed, 0 cancelled, 0 lost

It is open: 0 workers wait for a Pod, 0 have one, 1 have their outcome.
Worker 2 failed: OOMKilled: out of  [31mmemory
  code: OTTO508
  mend: Raise the limit in 'OTTO_AGENT_LIMITS' or the template. It is not run again by itself.

Other events of this task: [5-0]
`
	if diff := cmp.Diff(strings.ReplaceAll(want, "'", "`"), out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLongStory: of a thousand workers not every change is told, but the last one is.
func TestLongStory(t *testing.T) {
	f := facts{id: theID}
	for range 5 * maxTold {
		f.story = append(f.story, said("kind", "worker", "index", "1", "state", "created", "attempt", "1"))
	}
	f.story = append(f.story, said("kind", "settled"))
	got := explain(f).Story
	if n := len(got); n != maxTold+3 || got[n-1].What != "settled" || got[n-2].What != "… and 800 more changes" {
		t.Errorf("%d lines, at the end %+v", n, got[n-2:])
	}
}

// TestScheduled: it is told between a Pod's creation and its start, of the attempt it belongs to.
func TestScheduled(t *testing.T) {
	pod := func(slot, attempt int, at time.Time) k8s.Shown {
		return k8s.Shown{Observation: worker.Observation{Slot: slot, Attempt: attempt, Node: "n"}, Scheduled: at}
	}
	f := facts{
		id: theID, pods: []k8s.Shown{pod(1, 2, theID.Time().Truncate(time.Second).Add(3*time.Second)), pod(2, 1, theID.Time().Truncate(time.Second)), pod(3, 1, time.Time{})},
	}
	for _, slot := range []string{"1", "2", "3"} {
		f.story = append(f.story, said("kind", "worker", "index", slot, "state", "created", "attempt", "1"))
	}
	f.story = append(f.story, said("kind", "worker", "index", "1", "state", "created", "attempt", "2"), said("kind", "worker", "index", "1", "state", "running", "attempt", "2"))
	var got []string
	for _, s := range story(f) {
		got = append(got, strings.TrimSpace(s.After+" "+s.What))
	}
	want := []string{
		"0s sent: XADD", "40ms worker 1 created", "40ms worker 2 created", "worker 2 scheduled to n, says Kubernetes, in whole seconds", "40ms worker 3 created",
		"40ms worker 1 created (attempt 2)", "2s worker 1 scheduled to n, says Kubernetes, in whole seconds", "40ms worker 1 running (attempt 2)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
