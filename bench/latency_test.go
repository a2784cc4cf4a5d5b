//go:build real

package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

// arrival is the time from the XADD until the API server has the POST, in an idle system. Its floor F2 is the time another
// reader of a stream needs to wake up. Both count from before the XADD is sent.
func arrival(b *bench) {
	rounds, each := sized(5, 3), sized(100, 40)
	floors, products := sample{}, sample{}
	for round := range rounds {
		f := b.wakeUps(each)
		p := b.arrivals(each)
		b.say("round %d: F2 p50 %.2f p99 %.2f ms, product p50 %.2f p99 %.2f ms",
			round+1, f.median(), f.quantile(0.99), p.median(), p.quantile(0.99))
		floors, products = append(floors, f...), append(products, p...)
	}
	b.within("XADD → POST received, idle", "F2", floors, products, 0.50, 2)
	b.within("XADD → POST received, idle", "F2", floors, products, 0.99, 10)
}

// within demands that a quantile is at most so many milliseconds above the floor's.
func (b *bench) within(figure, floor string, floors, products sample, q, allowed float64) {
	f, p := floors.quantile(q), products.quantile(q)
	v := verdict(p <= f+allowed)
	if short {
		v = "" // milliseconds need a dedicated machine
	}
	b.result.add(line{
		Figure: fmt.Sprintf("%s, p%.0f of %d", figure, 100*q, len(products)), Demand: fmt.Sprintf("≤ %s + %.0f ms", floor, allowed),
		Floor: fmt.Sprintf("%.2f ms", f), Product: fmt.Sprintf("%.2f ms", p), Ratio: fmt.Sprintf("%+.2f ms", p-f), Verdict: v,
	})
}

// pause separates two samples, until nothing of the one before is in flight. Writes that nothing waits for are batched for
// 25 ms, twice at most.
func pause() { time.Sleep(60*time.Millisecond + rand.N(20*time.Millisecond)) }

// wakeUps is F2: a reader blocked in XREADGROUP.
func (b *bench) wakeUps(n int) sample {
	b.Helper()
	const stream = "bench:wake-up"
	reader := b.Server.Client()
	if err := reader.XGroupCreateMkStream(b.Context(), stream, group, "$").Err(); err != nil {
		b.Fatal(err)
	}
	defer b.Redis.Del(context.WithoutCancel(b.Context()), stream)
	woken := make(chan time.Time)
	go func() {
		defer close(woken)
		for range n {
			_, err := reader.XReadGroup(b.Context(), &goredis.XReadGroupArgs{
				Group: group, Consumer: "bench", Streams: []string{stream, ">"}, Count: 1, Block: 10 * time.Second,
			}).Result()
			if err != nil {
				return
			}
			woken <- time.Now()
		}
	}()
	var took sample
	for range n {
		pause()
		at := time.Now()
		if err := b.Redis.XAdd(b.Context(), &goredis.XAddArgs{Stream: stream, Values: []any{"type", "scale_up"}}).Err(); err != nil {
			b.Fatal(err)
		}
		t, ok := <-woken
		if !ok {
			b.Fatal("the reader has ended")
		}
		took = append(took, ms(t.Sub(at)))
	}
	return took
}

// arrivals are the product's times.
func (b *bench) arrivals(n int) sample {
	b.Helper()
	end := b.product()
	defer end()
	b.send(1, 1) // opens the connection for writes
	b.until("the first Pod", b.settled)
	b.requests("create", 1)
	sent := make(map[string]time.Time)
	for range n {
		pause()
		at := time.Now()
		sent["otto-agent-1-"+b.Add("type", "scale_up", "pod_count", 1, "task_id", "task-123")] = at
		b.until("it to be settled", b.settled)
	}
	var took sample
	for _, r := range succeeded(b.requests("create", n), "create") {
		took = append(took, ms(r.Received.Sub(sent[r.Name])))
	}
	return took
}

// terminal is the time from a Pod's end, as the API server received it, until the status stream has it. Its floor F4 is the
// time until a bare watch shows it.
func terminal(b *bench) {
	floors, products := sample{}, sample{}
	for round := range 5 {
		f := b.watched(100)
		p := b.reported(100)
		b.say("round %d: F4 p50 %.2f p99 %.2f ms, product p50 %.2f p99 %.2f ms",
			round+1, f.median(), f.quantile(0.99), p.median(), p.quantile(0.99))
		floors, products = append(floors, f...), append(products, p...)
	}
	b.within("Pod terminal in the API server → status entry in Redis", "F4", floors, products, 0.99, 50)
}

// finish acts as the kubelet: one Pod after the other succeeds. It returns when the API server received each status.
func (b *bench) finish(names []string) map[string]time.Time {
	b.Helper()
	admin := b.floor.admin(b.T)
	b.audit.Next()
	for _, name := range names {
		pause()
		if err := succeed(b.Context(), admin, b.Namespace, name); err != nil {
			b.Fatal(err)
		}
	}
	ended := make(map[string]time.Time)
	b.poll("the audit log", time.Minute, 20*time.Millisecond, func() error {
		for _, r := range b.audit.Next() {
			if r.Verb == "patch" && r.Subresource == "status" {
				ended[r.Name] = r.Received
			}
		}
		if len(ended) < len(names) {
			return fmt.Errorf("it has %d of %d ends", len(ended), len(names))
		}
		return nil
	})
	return ended
}

func succeed(ctx context.Context, admin kubernetes.Interface, namespace, name string) error {
	_, err := admin.CoreV1().Pods(namespace).Patch(ctx, name, types.MergePatchType,
		[]byte(`{"status":{"phase":"Succeeded"}}`), metav1.PatchOptions{}, "status")
	return err
}

// watched is F4.
func (b *bench) watched(n int) sample {
	b.Helper()
	bodies, names := b.floor.pods.batch(b.T, n)
	b.floor.post(b.T, bodies, b.width())
	var mu sync.Mutex
	shown := make(map[string]time.Time)
	end := b.floor.watch(b.T, func(_ watch.EventType, pod *corev1.Pod) {
		if pod.Status.Phase == corev1.PodSucceeded {
			mu.Lock()
			defer mu.Unlock()
			shown[pod.Name] = time.Now()
		}
	})
	ended := b.finish(names)
	b.until("the watch to show all", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(shown) == n
	})
	end()
	b.floor.deleteAll(b.T)
	var took sample
	for name, at := range ended {
		took = append(took, ms(shown[name].Sub(at)))
	}
	return took
}

// reported are the product's times.
func (b *bench) reported(n int) sample {
	b.Helper()
	end := b.product("OTTO_SUCCEEDED_TTL=10m")
	defer end()
	event := b.send(1, n)[0]
	b.until("the Pods to be created", b.settled)
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("otto-agent-%d-%s", i+1, event))
	}
	ended := b.finish(names)
	b.until("all to be reported", b.closed)
	var took sample
	for _, e := range b.Status(event) {
		if e["state"] != "succeeded" {
			continue
		}
		at, err := entryTime(e["entry"])
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, ms(at.Sub(ended[e["worker"]])))
	}
	if len(took) != n {
		b.Fatalf("%d of %d Pods have an outcome", len(took), n)
	}
	return took
}

// entryTime is when Redis wrote an entry, by this machine's clock, rounded up to the millisecond.
func entryTime(id string) (time.Time, error) {
	digits, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	return time.UnixMilli(n + 1), err
}
