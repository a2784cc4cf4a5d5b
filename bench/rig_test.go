//go:build real

package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
)

const (
	group = "ottoscaler" // the product's default
	open  = "{" + harness.Stream + "}:open"
	said  = "{" + harness.Stream + "}:status"
)

// rig is what rows of one kind of cluster share: the cluster, one account with the product's rights, which the floors use
// as well, and a Redis.
type rig struct {
	*harness.Stack

	node  string
	floor *floor
	audit *harness.AuditTail
	best  int // in flight, where bare POSTs are fastest; 0: not looked for yet
}

func newRig(t *testing.T, node string) *rig {
	t.Helper()
	fmt.Printf("%5.0fs  starting a cluster, node: %s\n", time.Since(began).Seconds(), node)
	cluster, err := harness.StartCluster(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop() })
	r := &rig{node: node, Stack: harness.NewUncheckedStack(t, cluster)}
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
		r.alone(t)
	}
	return r
}

// alone ends what would only say of every Pod that there is no node for it: beside the API server, it would take a third
// of the machine, from the floors as from the product.
func (r *rig) alone(t *testing.T) {
	t.Helper()
	for _, component := range []string{"kube-scheduler", "kube-controller-manager"} {
		if err := r.Cluster.Fault("kill", component); err != nil {
			t.Fatal(err)
		}
	}
}

// product starts the product on an empty Redis and an empty namespace. Its answer ends it and empties both again.
func (b *bench) product(env ...string) (end func()) {
	b.Helper()
	b.Start(append(environment(b.T), env...)...)
	b.until("it to lead and to watch", func() bool {
		info, err := b.Redis.XInfoGroups(b.Context(), harness.Stream).Result()
		return err == nil && len(info) == 1 // it reads only once it knows which Pods there are
	})
	return func() {
		b.Kill()
		b.empty()
	}
}

// environment of every product: defaults, but for room.
func environment(t *testing.T) []string {
	t.Helper()
	return []string{"OTTO_MAX_WORKERS=1000000", "OTTO_SUCCEEDED_TTL=0", "OTTO_HTTP_ADDR=127.0.0.1:" + redistest.FreePort(t)}
}

// empty leaves no Pod and no key.
func (b *bench) empty() {
	b.Helper()
	b.floor.deleteAll(b.T)
	if err := b.Redis.FlushAll(b.Context()).Err(); err != nil {
		b.Fatal(err)
	}
	b.rest()
}

// rest lets what a round has left behind, such as the API server's garbage, come to an end.
func (b *bench) rest() { time.Sleep(300 * time.Millisecond) }

// until waits for what Redis says, seldom enough to cost nothing: no figure is taken from when it is seen.
func (b *bench) until(what string, done func() bool) {
	b.Helper()
	limit := time.Now().Add(10 * time.Minute)
	for !done() {
		if time.Now().After(limit) {
			b.Fatalf("waited for %s; the product says:\n%s", what, b.Stack.Log())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// send puts events on the stream, all at once, and returns their IDs.
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
	n, err := b.Redis.SCard(b.Context(), open).Result()
	return err == nil && n == 0 && b.settled()
}

// requests are those of the account since the last call, once at least n of the verb are among them: an answer may be
// here before its line in the audit log is.
func (b *bench) requests(verb string, n int) []harness.Request {
	b.Helper()
	var all []harness.Request
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for {
		for _, r := range b.audit.Next() {
			if r.User == b.User() {
				all = append(all, r)
			}
		}
		if len(only(all, verb)) >= n {
			return all
		}
		select {
		case <-ctx.Done():
			b.Fatalf("the audit log has %d of %d requests to %s", len(only(all, verb)), n, verb)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// only are the requests of one verb that went well.
func only(requests []harness.Request, verb string) []harness.Request {
	return slices.DeleteFunc(slices.Clone(requests), func(r harness.Request) bool {
		return r.Verb != verb || r.Subresource != "" || r.Code >= 300
	})
}

// rate is how many a second, from the first one's arrival to the last one's answer.
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

// inFlight is how many there were at once, at most.
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

// forget skips what was asked so far.
func (b *bench) forget() { b.audit.Next() }
