package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// A reason says what kind of failure it is, which states a worker can have with it, and what to do.
func ExampleReasonOf() {
	r, known := worker.ReasonOf("OOMKilled")
	fmt.Println(known, r.Code, r.States)
	fmt.Println(r.Cause)
	_, known = worker.ReasonOf("SomeReasonOfANewKubelet")
	fmt.Println(known)
	// Output:
	// true OTTO508 [failed]
	// The program used more memory than its limit. It is not retried.
	// false
}

// A Manager runs one term: here from one entry of the stream to its closed event. The in-memory stand-ins take the places
// of Redis (Source and Journal) and Kubernetes (Cluster).
func ExampleManager() {
	redis, cluster := workertest.NewRedis(), workertest.NewCluster()
	redis.Add(event.ID{Ms: 1756659802903}, "type", "scale_up", "pod_count", "1", "task_id", "build-7")

	settings := worker.Settings{
		Rules:      event.Rules{MaxPods: 100, Deadlines: map[string]time.Duration{"": time.Hour}},
		Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
		MaxWorkers: 10, MaxWaiting: 100, MaxAttempts: 3, CreateConcurrency: 4, DeleteConcurrency: 4,
		PendingTimeout: time.Minute, ImagePullTimeout: time.Minute, SucceededTTL: time.Minute, FailedTTL: time.Minute,
	}
	m := worker.NewManager(worker.Ports{
		Source: redis.Source(), Journal: redis, Cluster: cluster, Controls: redis.Controls(),
	}, settings, worker.Carryover{}, slog.New(slog.DiscardHandler))

	take, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(take, context.Background()) }()
	redis.Wait(func(s workertest.Status) bool { return s.Report.State == worker.StateRunning })
	cluster.Finish("otto-agent-1-1756659802903-0", 0)
	redis.Wait(func(s workertest.Status) bool { return s.Kind == "closed" })
	stop()
	fmt.Println("Run:", <-ended)

	for _, s := range redis.Status() {
		fmt.Println(strings.TrimSpace(s.Kind + " " + string(s.Report.State)))
	}
	// Output:
	// Run: <nil>
	// accepted
	// worker created
	// settled
	// worker running
	// worker succeeded
	// closed
}
