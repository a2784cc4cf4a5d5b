package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

func created(queueName string, attempt int) worker.Write {
	r := report(worker.StateCreated, attempt, "", 2*time.Second)
	r.Queue = queueName
	return worker.Progress{Report: r}
}

func rejected(fields map[string]string) worker.Write {
	return worker.Reject{Code: event.CodePodCount, Fields: fields}
}

// TestQueueLabels: a queue that the operator did not configure makes no series of its own, whatever a producer sends.
func TestQueueLabels(t *testing.T) {
	s := newFixture()
	j := s.inst.Journal(fakeJournal{}, time.Now)
	var batch []worker.Write
	for i := range 100 {
		name := fmt.Sprint("tenant-", i, unlisted)
		batch = append(batch, created(name, 1), rejected(map[string]string{"queue": name}))
	}
	batch = append(batch, created("web", 1), created("web", 2), created("", 1), created("default", 1),
		rejected(map[string]string{"queue": "web"}), rejected(map[string]string{}), rejected(nil))
	if err := j.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"queue_wait_seconds{other} count": 100, "queue_wait_seconds{other} sum": 200, "queue_wait_seconds{web} count": 1, "queue_wait_seconds{web} sum": 2,
		"queue_wait_seconds{default} count": 2, "queue_wait_seconds{default} sum": 4,
		"queue_rejected_total{other}": 101, "queue_rejected_total{web}": 1, "queue_rejected_total{default}": 1,
	}
	if diff := cmp.Diff(want, changes(s.values(t), "queue_wait_", "queue_rejected_")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExpired: an event counts once, however many of its workers failed without a Pod and in however many batches.
func TestExpired(t *testing.T) {
	s := newFixture()
	j := s.inst.Journal(fakeJournal{}, time.Now)
	outcome := func(ms uint64, reason string) worker.Write {
		r := report(worker.StateFailed, 1, reason, 0)
		r.ID = event.ID{Ms: ms}
		return worker.Outcome{Report: r}
	}
	for _, batch := range [][]worker.Write{
		{outcome(1, worker.ReasonRefused), outcome(1, worker.ReasonRefused), outcome(2, worker.ReasonStartDeadline), outcome(3, "Error")},
		{outcome(1, worker.ReasonRefused), worker.Close{ID: event.ID{Ms: 1}}},
	} {
		if err := j.Commit(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.values(t)["events_expired_total"]; got != 2 {
		t.Errorf("%v events expired, want 2", got)
	}
	if kept := j.(*journal).expiry.events; len(kept) != 1 {
		t.Errorf("closed events are remembered: %v", kept)
	}
}

func TestTrials(t *testing.T) {
	s := newFixture()
	c := s.inst.Cluster(fakeCluster{})
	for slot, trial := range map[int]bool{1: true, 4: true, 5: false} {
		_, _ = c.Create(t.Context(), worker.PodSpec{Slot: slot, Trial: trial})
	}
	want := map[string]float64{"trials_total{ok}": 1, "trials_total{refused}": 1}
	if diff := cmp.Diff(want, changes(s.values(t), "trials_")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

var queueSnapshot = worker.Snapshot{
	CreateLimit: 24, QuotaCredits: 2,
	Queues: []worker.QueueView{
		{Name: "web", Weight: 3, Waiting: 4, Live: 12, Paused: &worker.Paused{By: "kim"}, Lanes: []worker.LaneView{
			{Template: "big", Shape: "a", State: worker.LaneOpen, Cause: "refused"},
			{Template: "big", Shape: "b", State: worker.LaneOpen, Cause: "refused"},
			{Template: "", State: worker.LaneOpen, Cause: unlisted},
			{Template: "gone", State: worker.LaneOpen, Cause: "admission"},
			{Template: "big", State: worker.LaneQuota, Cause: "quota"},
		}},
		{Name: "a", Weight: 1, Waiting: 1, Live: 5},
		{Name: "b", Weight: 0, Waiting: 2, Live: 7},
		{Name: "default", Weight: 1, Live: 1, Lanes: []worker.LaneView{{Template: "big", State: worker.LaneOpen, Cause: "refused"}}},
	},
}

// TestQueueGauges: queues without configuration are added up as other; a breaker counts once a queue.
func TestQueueGauges(t *testing.T) {
	s := newFixture()
	s.snap = queueSnapshot
	want := map[string]float64{
		"queue_waiting_events{web}": 4, "queue_live_workers{web}": 12, "queue_weight{web}": 3, "queue_max_workers{web}": 200,
		"queue_weighted_share{web}": 4, "queue_paused{web}": 1,
		"queue_waiting_events{other}": 3, "queue_live_workers{other}": 12, "queue_weight{other}": 1, "queue_weighted_share{other}": 7,
		"queue_live_workers{default}": 1, "queue_weight{default}": 1, "queue_weighted_share{default}": 1,
		"breakers_open{refused,big}": 2, "breakers_open{other,(built-in)}": 1, "breakers_open{admission,other}": 1,
		"create_limit": 24, "quota_credits": 2, "config_last_reload_successful": 1,
	}
	names := []string{"queue_", "breakers_", "create_limit", "quota_", "config_"}
	if diff := cmp.Diff(want, changes(s.values(t), names...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.snap = worker.Snapshot{AllPaused: true}
	want = map[string]float64{"queue_paused{web}": 1, "queue_paused{other}": 1, "queue_paused{default}": 1}
	if diff := cmp.Diff(want, changes(s.values(t), "queue_paused")); diff != "" {
		t.Errorf("all paused (-want +got):\n%s", diff)
	}
}

// TestReload: the labels follow the files, and new series begin at zero; what is invalid changes nothing.
func TestReload(t *testing.T) {
	s := newFixture()
	s.inst.ReloadFailed()
	if got := s.values(t); got["config_last_reload_successful"] != 0 || got["queue_weight{web}"] != 3 {
		t.Errorf("after a failed reload: %v", got)
	}
	s.inst.Reloaded(&queue.Policy{Queues: map[string]queue.QueuePolicy{"ml": {Weight: 7}, "default": {Weight: 2}}}, []string{"gpu"})
	got := s.values(t)
	for name, want := range map[string]float64{
		"config_last_reload_successful": 1, "queue_weight{ml}": 7, "queue_weight{default}": 2, "queue_weight{other}": 1, "queue_rejected_total{ml}": 0,
		"queue_wait_seconds{ml} count": 0, "template_parked{gpu}": 0, "breakers_open{refused,gpu}": 0,
	} {
		if v, found := got[name]; !found || v != want {
			t.Errorf("%s is %v (%v), want %v", name, v, found, want)
		}
	}
	for name := range got {
		if strings.HasPrefix(name, "queue_weight{web") || strings.HasPrefix(name, "template_parked{big") {
			t.Errorf("%s is left", name)
		}
	}
	s.inst.Reloaded(nil, nil)
	if got := s.values(t); got["queue_weight{default}"] != 1 {
		t.Errorf("without a file: %v", got)
	}
}
