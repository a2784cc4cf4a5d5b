package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

type fakeCluster struct{ worker.Cluster }

func (fakeCluster) Create(_ context.Context, p worker.PodSpec) (string, error) {
	return "uid", map[int]error{
		2: fmt.Errorf("x: %w", worker.ErrExists), 3: worker.ErrNameConflict, 4: worker.ErrRefused, 5: worker.ErrUnavailable, 6: worker.ErrForbidden,
		7: worker.ErrUnknown, 8: errors.New("unexpected"),
	}[p.Slot]
}

func (fakeCluster) Delete(_ context.Context, ref worker.PodRef, _ time.Duration) error {
	return map[string]error{"b": worker.ErrGone}[ref.UID]
}

func TestRequests(t *testing.T) {
	s := newFixture()
	c := s.inst.Cluster(fakeCluster{})
	for slot := 1; slot <= 8; slot++ {
		_, _ = c.Create(t.Context(), worker.PodSpec{Slot: slot})
	}
	_, _ = c.Delete(t.Context(), worker.PodRef{UID: "a"}, -1), c.Delete(t.Context(), worker.PodRef{UID: "b"}, -1)
	want := map[string]float64{
		"pod_requests_total{ok,create}": 1, "pod_requests_total{exists,create}": 1, "pod_requests_total{name_conflict,create}": 1,
		"pod_requests_total{refused,create}": 1, "pod_requests_total{unavailable,create}": 1, "pod_requests_total{forbidden,create}": 1,
		"pod_requests_total{unknown,create}": 2, "pod_requests_total{ok,delete}": 1, "pod_requests_total{gone,delete}": 1,
	}
	if diff := cmp.Diff(want, changes(s.values(t), counted...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestManager: an instrumented Manager between in-memory adapters, with one valid event and one invalid entry.
func TestManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFixture()
		redis := workertest.NewRedis()
		m := newManager(s.inst, redis)
		take, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- m.Run(take, t.Context()) }()
		redis.Add(event.ID{Ms: uint64(time.Now().UnixMilli())}, "type", "scale_up", "pod_count", "3")
		redis.Add(event.ID{Ms: uint64(time.Now().UnixMilli()), Seq: 1}, "type", "scale_up", "pod_count", "many")
		time.Sleep(2 * time.Second)
		snap, ok := m.Snapshot(t.Context())
		snap.Queues, snap.CreateLimit = nil, 0 // see TestQueueGauges
		want := worker.Snapshot{EventsOpen: 1, EventsWaiting: 1, MaxWaiting: 10, WorkersWaiting: 1, WorkersRunning: 2, MaxWorkers: 2}
		if diff := cmp.Diff(want, snap); diff != "" || !ok {
			t.Errorf("while workers run (-want +got):\n%s", diff)
		}
		time.Sleep(time.Minute)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		checkManager(t, changes(s.values(t), counted...))
	})
}

func newManager(inst *Instrumenter, redis *workertest.Redis) *worker.Manager {
	cluster := workertest.NewCluster()
	cluster.RunTime = 5 * time.Second
	return worker.NewManager(worker.Ports{
		Source: inst.Source(redis.Source()), Journal: inst.Journal(redis, time.Now), Cluster: inst.Cluster(cluster), Controls: redis.Controls(),
	}, worker.Settings{
		Rules:      event.Rules{MaxPods: 10, Deadlines: map[string]time.Duration{"": 0}},
		Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
		MaxWorkers: 2, MaxWaiting: 10, MaxAttempts: 1, CreateConcurrency: 1, DeleteConcurrency: 1,
		PendingTimeout: time.Minute, ImagePullTimeout: time.Minute, SucceededTTL: time.Second, FailedTTL: time.Second,
	}, worker.Carryover{}, slog.New(slog.DiscardHandler))
}

func checkManager(t *testing.T, got map[string]float64) {
	t.Helper()
	delete(got, "queue_wait_seconds{default} sum")
	for _, name := range []string{"create_delay", "start_delay", "record_delay", "read_delay", "run_duration"} {
		delete(got, name+"_seconds sum") // synthetic time
	}
	if diff := cmp.Diff(map[string]float64{
		"terms_total": 1, "events_total{accepted,scale_up}": 1, "events_total{rejected,scale_up}": 1, "dead_letters_total{invalid_pod_count}": 1,
		"events_settled_total": 1, "events_closed_total{scale_up}": 1, "workers_started_total": 3, "attempts_total": 3,
		"workers_finished_total{Completed,succeeded}": 3, "pod_requests_total{ok,create}": 3, "pod_requests_total{ok,delete}": 3,
		"read_delay_seconds count": 2, "create_delay_seconds count": 3, "start_delay_seconds count": 3,
		"queue_wait_seconds{default} count": 3, "queue_rejected_total{default}": 1, "run_duration_seconds count": 3, "record_delay_seconds count": 3,
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
