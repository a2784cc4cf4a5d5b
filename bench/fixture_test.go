//go:build real

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/poll"
)

const group = "ottoscaler" // the product's default

// fixture is shared by the rows of one kind of cluster: the cluster, one account with the product's permissions, which the
// floors use as well, and a Redis.
type fixture struct {
	*harness.Stack

	node  string
	floor *floor
	audit *harness.AuditTail
	best  int // in flight, where bare POSTs are fastest; 0: not measured yet
}

func newFixture(t *testing.T, node string) *fixture {
	t.Helper()
	fmt.Printf("%5.0fs  starting a cluster, node: %s\n", time.Since(began).Seconds(), node)
	cluster, err := harness.StartCluster(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop() })
	r := &fixture{node: node, Stack: harness.NewUncheckedStack(t, cluster)}
	r.Eventually("the namespace to be complete", func() error {
		_, err := cluster.Kubectl("get", "serviceaccount", "default", "-n", r.Namespace)
		return err
	})
	r.audit = r.AuditTail()
	t.Cleanup(r.audit.Close)
	r.floor = newFloor(t, r)
	version, err := r.floor.admin(t).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	kubernetesVersion = version.GitVersion
	if node == "none" {
		r.stopControllers(t)
	}
	return r
}

// stopControllers kills what would only report every Pod as unschedulable: it would take a third of the machine, from the
// floors as from the product.
func (r *fixture) stopControllers(t *testing.T) {
	t.Helper()
	for _, component := range []string{"kube-scheduler", "kube-controller-manager"} {
		if err := r.Cluster.Fault("kill", component); err != nil {
			t.Fatal(err)
		}
	}
}

// product starts the product on an empty Redis and an empty namespace. end kills it and empties both again.
func (b *bench) product(env ...string) (end func()) {
	b.Helper()
	b.Start(append(environment(b.T), env...)...)
	b.until("the product to lead and to watch", func() bool {
		info, err := b.Redis.XInfoGroups(b.Context(), harness.Stream).Result()
		return err == nil && len(info) == 1 // it reads only after its first list of Pods
	})
	return func() {
		b.Kill()
		b.empty()
	}
}

// environment of every product: defaults, except for the capacity.
func environment(t *testing.T) []string {
	t.Helper()
	return []string{"OTTO_MAX_WORKERS=1000000", "OTTO_SUCCEEDED_TTL=0", "OTTO_HTTP_ADDR=127.0.0.1:" + redistest.FreePort(t)}
}

// empty deletes all Pods and keys.
func (b *bench) empty() {
	b.Helper()
	b.floor.deleteAll(b.T)
	if err := b.Redis.FlushAll(b.Context()).Err(); err != nil {
		b.Fatal(err)
	}
	b.settle()
}

// settle waits for the after-effects of a round, such as the API server's garbage collection.
func (b *bench) settle() { time.Sleep(300 * time.Millisecond) }

// poll calls try until it succeeds; at the limit it ends the row with the product's log.
func (b *bench) poll(what string, limit, pause time.Duration, try func() error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), limit)
	defer cancel()
	if err := poll.Until(ctx, pause, try); err != nil {
		b.Fatalf("waited for %s: %v; the product's log:\n%s", what, err, b.Stack.Log())
	}
}

// until polls a condition, rarely enough to cost nothing: no figure depends on when it is seen.
func (b *bench) until(what string, done func() bool) {
	b.Helper()
	b.poll(what, 10*time.Minute, 100*time.Millisecond, func() error {
		if !done() {
			return errors.New("not yet")
		}
		return nil
	})
}

// send adds events to the stream, all at once, and returns their IDs.
func (b *bench) send(events, pods int, fields ...any) []string {
	b.Helper()
	values := append([]any{"type", "scale_up", "pod_count", pods, "task_id", "task-123"}, fields...)
	var ids []string
	for sent := 0; sent < events; sent += 1000 {
		cmds, err := b.Redis.Pipelined(b.Context(), func(p goredis.Pipeliner) error {
			for range min(1000, events-sent) {
				p.XAdd(b.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: values})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range cmds {
			ids = append(ids, c.(*goredis.StringCmd).Val())
		}
	}
	return ids
}

// settled: everything was read and acknowledged.
func (b *bench) settled() bool {
	g, err := b.Redis.XInfoGroups(b.Context(), harness.Stream).Result()
	return err == nil && len(g) == 1 && g[0].Lag == 0 && g[0].Pending == 0
}

// closed: and nothing is open.
func (b *bench) closed() bool {
	n, err := b.Redis.SCard(b.Context(), harness.OpenKey).Result()
	return err == nil && n == 0 && b.settled()
}

// requests are those of the account since the last call, once they include at least n of the verb: the audit log may have a
// request later than its response.
func (b *bench) requests(verb string, n int) []harness.Request {
	b.Helper()
	var all []harness.Request
	b.poll("the audit log", time.Minute, 20*time.Millisecond, func() error {
		for _, r := range b.audit.Next() {
			if r.User == b.User() {
				all = append(all, r)
			}
		}
		if found := len(succeeded(all, verb)); found < n {
			return fmt.Errorf("it has %d of %d requests to %s", found, n, verb)
		}
		return nil
	})
	return all
}

// succeeded are the successful requests of one verb.
func succeeded(requests []harness.Request, verb string) []harness.Request {
	return slices.DeleteFunc(slices.Clone(requests), func(r harness.Request) bool {
		return r.Verb != verb || r.Subresource != "" || r.Code >= 300
	})
}

// rate is requests a second, from the first arrival to the last response.
func rate(requests []harness.Request) float64 {
	first, last := requests[0].Received, requests[0].Answered
	for _, r := range requests {
		if r.Received.Before(first) {
			first = r.Received
		}
		if r.Answered.After(last) {
			last = r.Answered
		}
	}
	return float64(len(requests)) / last.Sub(first).Seconds()
}

// inFlight is the highest number of concurrent requests.
func inFlight(requests []harness.Request) int {
	type edge struct {
		at time.Time
		n  int
	}
	var edges []edge
	for _, r := range requests {
		edges = append(edges, edge{r.Received, 1}, edge{r.Answered, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.n - b.n
	})
	now, most := 0, 0
	for _, e := range edges {
		now += e.n
		most = max(most, now)
	}
	return most
}

// skipRequests skips the requests so far.
func (b *bench) skipRequests() { b.audit.Next() }
