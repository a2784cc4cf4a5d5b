package worker_test

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

func settings() worker.Settings {
	return worker.Settings{
		Rules:      event.Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 6 * time.Hour}},
		Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
		MaxWorkers: 100, MaxWaiting: 1000, MaxAttempts: 3, CreateConcurrency: 32, DeleteConcurrency: 16,
		PendingTimeout: 15 * time.Minute, ImagePullTimeout: 2 * time.Minute,
		SucceededTTL: 30 * time.Second, FailedTTL: 10 * time.Minute,
	}
}

// harness runs a Manager against the in-memory Redis and cluster, inside a synctest bubble.
type harness struct {
	redis   *workertest.Redis
	cluster *workertest.Cluster
	stop    context.CancelFunc
	done    chan error
}

func startHarness(t *testing.T, set worker.Settings) *harness {
	b := &harness{redis: workertest.NewRedis(), cluster: workertest.NewCluster(), done: make(chan error, 1)}
	b.cluster.RunTime = 5 * time.Second
	b.startTerm(t, set)
	return b
}

// ports are those of one Redis and one cluster.
func ports(redis *workertest.Redis, journal worker.Journal, cluster worker.Cluster) worker.Ports {
	return worker.Ports{Source: redis.Source(), Journal: journal, Cluster: cluster, Controls: redis.Controls()}
}

func (b *harness) startTerm(t *testing.T, set worker.Settings) {
	take, stop := context.WithCancel(t.Context())
	b.stop = stop
	m := worker.NewManager(ports(b.redis, b.redis, b.cluster), set, worker.Carryover{}, slog.New(slog.DiscardHandler))
	go func() { b.done <- m.Run(take, t.Context()) }()
}

func (b *harness) stopTerm(t *testing.T) {
	t.Helper()
	b.stop()
	if err := <-b.done; err != nil {
		t.Fatalf("Run: %v", err)
	}
}

// kinds counts the status entries of one event, by kind and state.
func (b *harness) kinds(id event.ID) map[string]int {
	kinds := make(map[string]int)
	for _, s := range b.redis.Status() {
		if s.ID == id {
			kinds[s.Kind+string(s.Report.State)]++
		}
	}
	return kinds
}

func TestOneEventBecomesItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startHarness(t, settings())
		id := event.ID{Ms: 1756659802903}
		b.redis.Add(id, "type", "scale_up", "pod_count", "3", "task_id", "task-123")
		time.Sleep(time.Second)
		if got := len(b.cluster.Posts()); got != 3 {
			t.Fatalf("%d Pods were created, want 3", got)
		}
		if got := b.redis.Pending(); got != 0 {
			t.Errorf("%d entries are pending after the Pods are recorded, want 0", got)
		}
		time.Sleep(time.Minute)
		want := map[string]int{"accepted": 1, "workercreated": 3, "workerrunning": 3, "settled": 1, "workersucceeded": 3, "closed": 1}
		if diff := cmp.Diff(want, b.kinds(id)); diff != "" {
			t.Errorf("the status stream (-want +got):\n%s", diff)
		}
		if got := len(b.cluster.Deletes()); got != 3 || b.cluster.Pods() != 0 {
			t.Errorf("%d DELETEs and %d Pods left, want 3 and 0", got, b.cluster.Pods())
		}
		b.stopTerm(t)
	})
}

func TestStopFinishesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := settings()
		set.MaxWorkers = 2
		b := startHarness(t, set)
		id := event.ID{Ms: 1}
		b.redis.Add(id, "type", "scale_up", "pod_count", "4")
		time.Sleep(time.Second)
		b.stopTerm(t)
		posts := len(b.cluster.Posts())
		if posts != 2 {
			t.Fatalf("%d Pods were created, want 2: the capacity", posts)
		}
		time.Sleep(10 * time.Second)
		if got := len(b.cluster.Posts()); got != posts {
			t.Errorf("%d POSTs after the stop", got-posts)
		}
		if b.redis.Pending() != 1 {
			t.Error("the event is acknowledged although half of its workers have no record")
		}
		b.startTerm(t, set) // the next process resumes
		time.Sleep(2 * time.Minute)
		if got := b.kinds(id)["workersucceeded"]; got != 4 || b.redis.Pending() != 0 || len(b.cluster.Posts()) != 4 {
			t.Errorf("%d succeeded, %d pending, %d POSTs after the restart", got, b.redis.Pending(), len(b.cluster.Posts()))
		}
		b.stopTerm(t)
	})
}

func TestJournalErrorEndsTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startHarness(t, settings())
		time.Sleep(time.Second)
		down := errors.New("redis is down")
		b.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		b.redis.Fail(nil)
		synctest.Wait()
		b.redis.Fail(down) // the Pod ends during the outage
		time.Sleep(10 * time.Second)
		if err := <-b.done; !errors.Is(err, down) {
			t.Fatalf("Run returned %v, want %v", err, down)
		}
		b.stop()
		b.redis.Fail(nil)
		b.startTerm(t, settings())
		time.Sleep(time.Minute)
		if got := b.kinds(event.ID{Ms: 1}); got["workersucceeded"] != 1 || got["closed"] != 1 || len(b.cluster.Posts()) != 1 {
			t.Errorf("after the next term: %v, %d POSTs", got, len(b.cluster.Posts()))
		}
		b.stopTerm(t)
	})
}

func TestBadEntriesDoNotStopTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startHarness(t, settings())
		for i := range 50 {
			b.redis.Add(event.ID{Ms: uint64(i + 1)}, "type", "scale_up", "pod_count", fmt.Sprint(-i))
		}
		b.redis.Add(event.ID{Ms: 100}, "type", "scale_up", "pod_count", "1")
		time.Sleep(time.Minute)
		dead := b.redis.Dead()
		if len(dead) != 50 || b.redis.Pending() != 0 {
			t.Fatalf("%d dead letters and %d pending, want 50 and 0", len(dead), b.redis.Pending())
		}
		if got := len(b.cluster.Posts()); got != 1 {
			t.Errorf("%d POSTs, want 1", got)
		}
		b.stopTerm(t)
	})
}

func TestUnavailableServerIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startHarness(t, settings())
		tries := 0
		b.cluster.FailCreate(func(worker.PodSpec) error {
			if tries++; tries < 100 {
				return fmt.Errorf("%w: 429", worker.ErrUnavailable)
			}
			return nil
		})
		b.redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "40")
		time.Sleep(30 * time.Minute)
		if got := b.kinds(event.ID{Ms: 1}); got["workersucceeded"] != 40 || got["closed"] != 1 {
			t.Errorf("the status stream: %v", got)
		}
		b.stopTerm(t)
	})
}

// unreadableJournal has one record that cannot be read.
type unreadableJournal struct {
	*workertest.Redis
	id event.ID
}

func (u unreadableJournal) Find(ctx context.Context, id event.ID) (*worker.Record, error) {
	if id == u.id {
		return nil, fmt.Errorf("key: %w", worker.ErrUnreadable)
	}
	return u.Redis.Find(ctx, id)
}

func TestUnreadableRecordStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		redis, cluster := workertest.NewRedis(), workertest.NewCluster()
		cluster.RunTime = time.Second
		redis.Add(event.ID{Ms: 1}, "type", "scale_up", "pod_count", "1")
		if batch, err := redis.Source().Read(t.Context()); len(batch) != 1 || err != nil { // delivered to a process that crashed
			t.Fatal(batch, err)
		}
		redis.Add(event.ID{Ms: 2}, "type", "scale_up", "pod_count", "1")
		take, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		journal := unreadableJournal{redis, event.ID{Ms: 1}}
		m := worker.NewManager(ports(redis, journal, cluster), settings(), worker.Carryover{}, slog.New(slog.DiscardHandler))
		go func() { done <- m.Run(take, t.Context()) }()
		time.Sleep(time.Minute)
		if posts := cluster.Posts(); len(posts) != 1 || posts[0] != "otto-agent-1-2-0" || redis.Pending() != 1 {
			t.Errorf("POSTs %v and %d pending, want the second event's worker, and the first event left pending", posts, redis.Pending())
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
