//go:build real

package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
)

// restLimit is how long after the healing everything must be at rest.
const restLimit = 30 * time.Second

// restCap is when even those who get on have had enough.
const restCap = 30 * time.Minute

// scene is what one fault plays in: a namespace, a Redis, the product, a load, and what is written down of it.
type scene struct {
	*harness.Stack

	t      *testing.T
	fault  fault
	random *rand.Rand // of the fault's own goroutine
	kube   kubernetes.Interface
	ledger *ledger
	logs   string // the folder of the products' logs
	began  time.Time

	env      []string // of every product
	products []*product
	load     *load

	did     []string
	full    []string      // what was shortened for CI, in its full measure
	limit   time.Duration // of rest
	healed  time.Time
	rested  time.Duration       // from healed
	expects map[string]bool     // the outcomes that may come
	foreign map[string]bool     // Pods that are not ours and stay
	kept    []map[string]string // of the status stream, before it was flushed or trimmed
	heard   string              // where keep goes on
	result  result

	complaints int
}

func newScene(t *testing.T, f fault) *scene {
	t.Helper()
	c := &scene{
		t: t, fault: f, began: time.Now(), limit: restLimit, random: rand.New(rand.NewPCG(seed, uint64(f.number))),
		expects: map[string]bool{"succeeded": true}, foreign: map[string]bool{},
	}
	c.Stack = harness.NewStack(t, cluster, f.redis...)
	c.ledger = newLedger(t, cluster.AuditLog, c.Namespace)
	c.kube = admin(t)
	c.load = newLoad(c)
	c.env = []string{
		"OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=2s", "OTTO_MAX_WORKERS=200", "OTTO_WORKER_TEMPLATES=" + templates(t),
		"OTTO_LOG_FORMAT=text",
	}
	var err error
	pattern := fmt.Sprintf("ottofault-%d-", f.number)
	if c.logs, err = os.MkdirTemp("", pattern); err != nil { //nolint:usetesting // it outlives a test that fails
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

func (c *scene) end() {
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
func (c *scene) say(format string, args ...any) {
	fmt.Printf("%5.0fs  %2d %-20s %s\n", time.Since(began).Seconds(), c.fault.number, c.fault.name, fmt.Sprintf(format, args...))
}

// do shows progress and puts it into the table.
func (c *scene) do(format string, args ...any) {
	c.did = append(c.did, fmt.Sprintf(format, args...))
	c.say(format, args...)
}

// span is how long, or how many: the full measure, or CI's, which the table then states.
func span[T any](c *scene, full, ci T) T {
	if !short {
		return full
	}
	c.full = append(c.full, fmt.Sprint(full))
	return ci
}

// lasts lets a fault last. It is what the fault is about, not a wait for something.
func (c *scene) lasts(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.t.Context().Done():
	}
}

// until waits for something that the fault needs before it can go on.
func (c *scene) until(what string, f func() error) {
	c.t.Helper()
	c.Eventually(what, f)
}

// link puts a way that can be broken between the product and Redis.
func (c *scene) link() *harness.Link {
	l := harness.NewLink(c.t, c.Server.Addr)
	c.redisAt(l.Addr())
	return l
}

// replies puts a way between the product and Redis that can keep replies back.
func (c *scene) replies() *harness.Replies {
	r := harness.NewReplies(c.t, c.Server.Addr)
	c.redisAt(r.Addr)
	return r
}

func (c *scene) redisAt(addr string) {
	host, port, _ := strings.Cut(addr, ":")
	c.env = append(c.env, "REDIS_HOST="+host, "REDIS_PORT="+port)
}

// api puts a way between the product and the API server on which requests can come to grief.
func (c *scene) api() *harness.API {
	a := harness.NewAPI(c.t, c.Kubeconfig())
	c.env = append(c.env, "KUBECONFIG="+a.Kubeconfig)
	return a
}

// heal says that from now on everything is whole, and stops the load.
func (c *scene) heal() {
	c.load.stop()
	c.healed = time.Now()
	c.say("healed")
}

// rest waits until nothing is pending, open or left: up to c.limit after the healing, or after the last sign of
// progress, since two cores take long to play thousands of Pods. The table says how long it took.
func (c *scene) rest() {
	c.t.Helper()
	if c.healed.IsZero() {
		c.heal()
	}
	before, last := standing{}, c.healed
	for {
		now, err := c.standing()
		if err == nil {
			err = cmp.Or(now.atRest(), c.keep())
		}
		switch {
		case err == nil:
			c.rested = time.Since(c.healed)
			c.say("at rest %.1f s after healing", c.rested.Seconds())
			return
		case time.Since(last) > c.limit, time.Since(c.healed) > restCap:
			c.t.Errorf("not at rest %.0f s after healing: %v", time.Since(c.healed).Seconds(), err)
			return
		case now != before:
			before, last = now, time.Now()
		}
		c.lasts(200 * time.Millisecond)
	}
}

// standing is where the work stands.
type standing struct {
	read, last    string // entry IDs
	pending, open int64
	pods          int
	said          int64 // entries on the status stream
}

func (c *scene) standing() (s standing, err error) {
	ctx := c.t.Context()
	groups, err := c.Redis.XInfoGroups(ctx, harness.Stream).Result()
	if err != nil {
		return s, err
	}
	for i := range groups {
		if groups[i].Name == "ottoscaler" {
			s.read, s.pending = groups[i].LastDeliveredID, groups[i].Pending
		}
	}
	stream, err := c.Redis.XInfoStream(ctx, harness.Stream).Result()
	if err != nil {
		return s, err
	}
	s.last = stream.LastGeneratedID
	if s.open, err = c.Redis.SCard(ctx, openKey).Result(); err != nil {
		return s, err
	}
	if s.said, err = c.Redis.XLen(ctx, statusKey).Result(); err != nil {
		return s, err
	}
	pods, err := c.pods()
	s.pods = len(pods)
	return s, err
}

func (s standing) atRest() error {
	if s.read != s.last || s.pending+s.open+int64(s.pods) > 0 {
		return fmt.Errorf("read up to %q of %q, %d pending, %d open, %d Pods", s.read, s.last, s.pending, s.open, s.pods)
	}
	return nil
}

// wrong is a complaint; of many only the first are shown.
func (c *scene) wrong(format string, args ...any) {
	c.t.Helper()
	if c.complaints++; c.complaints <= 10 {
		c.t.Errorf(format, args...)
	}
}

const template = `metadata:
  annotations: {%s}
  labels: {template: %q}
spec:
  %s
%s`

const container = `  containers:
  - name: agent
    image: busybox:latest
    command: [sh, -c, "exit 0"]
    securityContext:
      allowPrivilegeEscalation: false
      runAsNonRoot: true
      runAsUser: 65532
      capabilities: {drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}
`

// fates are the templates of the scenes: what devcluster's node does to their Pods, and what else their spec says.
var fates = map[string][2]string{
	"quick":   {`devcluster.io/duration: 300ms`},
	"slow":    {`devcluster.io/duration: 8s`},
	"lasts":   {`devcluster.io/duration: 30s`},
	"long":    {`devcluster.io/duration: 10m`},
	"fails":   {`devcluster.io/exit-code: "7"`},
	"oom":     {`devcluster.io/fault: oom`},
	"evicted": {`devcluster.io/fault: evict`},
	"no-pull": {`devcluster.io/fault: image-pull`},
	"nowhere": {``, `nodeSelector: {devcluster.io/node: nowhere}`},
	"on-one":  {`devcluster.io/duration: 50s`, `nodeSelector: {kubernetes.io/hostname: kwok-1}`},
	"refused": {`devcluster.io/duration: 300ms`},
}

func templates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, fate := range fates {
		text := fmt.Sprintf(template, fate[0], name, fate[1], container)
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func freePort(t *testing.T) string {
	t.Helper()
	return redistest.FreePort(t)
}
