//go:build real

package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
	"github.com/ottoscaler/ottoscaler/test/poll"
)

// scenario is one run of a fault: a namespace, a Redis, the product, a load, and the results.
type scenario struct {
	*harness.Stack

	t      *testing.T
	fault  fault
	random *rand.Rand // for the goroutine of the fault only
	kube   kubernetes.Interface
	audit  *auditCounts
	logs   string // folder of the product's logs
	began  time.Time

	env      []string // of every product
	queues   string   // the file of queues; empty: none
	products []*product
	load     *load

	actions     []string
	full        []string      // full values of what is shortened for CI
	limit       time.Duration // of waitIdle
	faultEnded  time.Time
	idleAfter   time.Duration       // counted from faultEnded
	expects     map[string]bool     // possible outcomes
	foreign     map[string]bool     // foreign Pods that stay
	savedStatus []map[string]string // entries of the status stream before it was flushed or trimmed
	savedUpTo   string              // where saveStatus continues
	result      result
	judge       []func(*checker.Input) // what else the oracle must know

	errors int
}

func newScenario(t *testing.T, f fault) *scenario {
	t.Helper()
	c := &scenario{
		t: t, fault: f, began: time.Now(), limit: idleLimit, random: rand.New(rand.NewPCG(seed, uint64(f.number))),
		expects: map[string]bool{"succeeded": true}, foreign: map[string]bool{},
	}
	c.Stack = harness.NewStack(t, cluster, f.redis...)
	tail := c.AuditTail()
	t.Cleanup(tail.Close)
	c.audit = newAuditCounts(tail)
	c.kube = admin(t)
	c.load = newLoad(c)
	c.env = []string{
		"OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=2s", "OTTO_MAX_WORKERS=200", "OTTO_WORKER_TEMPLATES=" + templates(t),
		"OTTO_LOG_FORMAT=text",
	}
	var err error
	pattern := fmt.Sprintf("ottofault-%d-", f.number)
	if c.logs, err = os.MkdirTemp("", pattern); err != nil { //nolint:usetesting // kept when the test fails
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	return c
}

func admin(t *testing.T) kubernetes.Interface {
	t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	access.QPS = -1
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (c *scenario) end() {
	c.load.stop()
	for _, p := range c.products {
		p.kill()
	}
	if c.t.Failed() {
		c.say("FAILED; the product's logs are in %s", c.logs)
		return
	}
	_ = os.RemoveAll(c.logs)
}

// say shows progress.
func (c *scenario) say(format string, args ...any) {
	fmt.Printf("%5.0fs  %2d %-20s %s\n", time.Since(began).Seconds(), c.fault.number, c.fault.name, fmt.Sprintf(format, args...))
}

// describe shows progress and adds it to the table.
func (c *scenario) describe(format string, args ...any) {
	c.actions = append(c.actions, fmt.Sprintf(format, args...))
	c.say(format, args...)
}

// sized returns the full value, or the one for CI; the table then shows both.
func sized[T any](c *scenario, full, ci T) T {
	if !short {
		return full
	}
	c.full = append(c.full, fmt.Sprint(full))
	return ci
}

// wait is for the duration of a fault, not for a condition: that is Eventually.
func (c *scenario) wait(d time.Duration) { poll.Sleep(c.t.Context(), d) }

// redisProxy puts a TCP proxy between the product and Redis.
func (c *scenario) redisProxy() *harness.TCPProxy {
	l := harness.NewTCPProxy(c.t, c.Server.Addr)
	c.redisAt(l.Addr())
	return l
}

// replyProxy puts a proxy between the product and Redis that can cut replies.
func (c *scenario) replyProxy() *redistest.Proxy {
	r := redistest.NewProxy(c.t, c.Server.Addr)
	c.redisAt(r.Addr)
	return r
}

func (c *scenario) redisAt(addr string) {
	host, port, _ := strings.Cut(addr, ":")
	c.env = append(c.env, "REDIS_HOST="+host, "REDIS_PORT="+port)
}

// apiProxy puts a proxy between the product and the API server that can inject faults.
func (c *scenario) apiProxy() *harness.APIProxy {
	a := harness.NewAPIProxy(c.t, c.Kubeconfig())
	c.env = append(c.env, "KUBECONFIG="+a.Kubeconfig)
	return a
}

// endFault marks the end of the fault and stops the load.
func (c *scenario) endFault() {
	c.load.stop()
	c.faultEnded = time.Now()
	c.say("fault ended")
}

// errorf reports an error; only the first ones are shown.
func (c *scenario) errorf(format string, args ...any) {
	c.t.Helper()
	if c.errors++; c.errors <= 10 {
		c.t.Errorf(format, args...)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	return redistest.FreePort(t)
}
