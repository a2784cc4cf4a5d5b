//go:build real

package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var apiFaults = []fault{
	{number: 14, name: "api-server-down", alone: true, injected: checker.Fault{APIServer: true}, run: apiDown},
	{number: 15, name: "api-server-killed", alone: true, injected: checker.Fault{APIServer: true, LostAudit: true}, run: apiKilled},
	{number: 16, name: "too-many-requests", injected: checker.Fault{APIServer: true}, run: tooManyRequests},
	{number: 17, name: "internal-errors", injected: checker.Fault{APIServer: true}, run: internalErrors},
	{number: 18, name: "post-reply-lost", ci: true, injected: checker.Fault{APIServer: true}, run: postReplyLost},
	{number: 20, name: "quota", injected: checker.Fault{Denied: true}, run: quota},
	{number: 21, name: "admission-refuses", injected: checker.Fault{Denied: true}, run: admission},
	{number: 22, name: "rolebinding-gone", ci: true, injected: checker.Fault{Denied: true}, run: roleBindingGone},
	{number: 23, name: "token-expired", injected: checker.Fault{Denied: true}, run: tokenExpired},
	{number: 24, name: "watch-cut", injected: checker.Fault{APIServer: true}, run: watchCut},
}

// serverRecovery is how long the scheduler and the nodes need after a restart of the API server.
const serverRecovery = 30 * time.Second

// apiDown: the API server is down while events arrive.
func apiDown(c *scenario) {
	down, events := sized(c, 5*time.Minute, 20*time.Second), sized(c, 500, 100)
	c.start()
	c.apiServer("kill")
	c.burst(events)
	c.Eventually("all events to be accepted", func() error { return c.accepted(events) })
	c.wait(down)
	c.apiServer("start")
	c.endFault()
	c.limit += 2 * serverRecovery // their backoffs have grown meanwhile
	c.describe("the API server killed, started again %v later with %d events waiting", down, events)
}

// apiKilled: the API server gets SIGKILL while Pods are created.
func apiKilled(c *scenario) {
	kills := sized(c, 5, 2)
	c.start()
	for range kills {
		before := c.audit.created()
		c.burst(50)
		c.Eventually("the burst to begin", func() error { return c.someCreated(before + 10) })
		c.apiServer("kill")
		c.apiServer("start")
	}
	c.endFault()
	c.limit += serverRecovery
	c.describe("the API server killed %d times in a burst of 50 events, and started again", kills)
}

func (c *scenario) apiServer(order string) {
	c.t.Helper()
	if err := c.Cluster.Fault(order, "kube-apiserver"); err != nil {
		c.t.Fatal(err)
	}
	c.say("%s the API server", order)
}

// withRequestFaults injects faults into requests for a while under load and returns how many; choose has its own random source.
func (c *scenario) withRequestFaults(d time.Duration, choose func(*http.Request, *rand.Rand) harness.RequestFault) int64 {
	api, random := c.apiProxy(), rand.New(rand.NewPCG(seed+2, uint64(c.fault.number)))
	var mu sync.Mutex
	var hits atomic.Int64
	c.start()
	c.load.steady(4)
	c.wait(2 * time.Second)
	api.Intercept(func(r *http.Request) harness.RequestFault {
		mu.Lock()
		defer mu.Unlock()
		f := choose(r, random)
		if f != (harness.RequestFault{}) {
			hits.Add(1)
		}
		return f
	})
	api.Down() // the watch has to reconnect, too
	api.Up()
	c.wait(d)
	api.Intercept(nil)
	c.endFault()
	if hits.Load() == 0 {
		c.t.Error("no request had a fault")
	}
	return hits.Load()
}

// tooManyRequests: every response is 429.
func tooManyRequests(c *scenario) {
	duration := sized(c, 2*time.Minute, 15*time.Second)
	hit := c.withRequestFaults(duration, func(*http.Request, *rand.Rand) harness.RequestFault {
		return harness.RequestFault{Status: http.StatusTooManyRequests, RetryAfter: 1}
	})
	c.describe("429 with Retry-After 1 for %v: %d requests", duration, hit)
}

// internalErrors: a fifth of all requests fail or are delayed.
func internalErrors(c *scenario) {
	duration := sized(c, 2*time.Minute, 15*time.Second)
	hit := c.withRequestFaults(duration, func(_ *http.Request, random *rand.Rand) harness.RequestFault {
		if random.Float64() >= 0.2 {
			return harness.RequestFault{}
		}
		return []harness.RequestFault{
			{Status: http.StatusInternalServerError},
			{Status: http.StatusServiceUnavailable},
			{CutBefore: true},
			{Delay: 500 * time.Millisecond},
		}[random.IntN(4)]
	})
	c.describe("20 %% of requests 500, 503, cut or delayed for %v: %d", duration, hit)
}

// postReplyLost: Pods are created and the responses are lost.
func postReplyLost(c *scenario) {
	duration := sized(c, time.Minute, 15*time.Second)
	hit := c.withRequestFaults(duration, func(r *http.Request, random *rand.Rand) harness.RequestFault {
		return harness.RequestFault{CutAfter: r.Method == http.MethodPost && random.Float64() < 0.3}
	})
	c.describe("30 %% of POSTs executed and their responses lost for %v: %d", duration, hit)
}

// watchCut: no watch lasts longer than two seconds, and half of the new ones start from an expired version.
func watchCut(c *scenario) {
	duration := sized(c, 2*time.Minute, 20*time.Second)
	hit := c.withRequestFaults(duration, func(r *http.Request, random *rand.Rand) harness.RequestFault {
		if !harness.IsWatch(r) {
			return harness.RequestFault{}
		}
		return harness.RequestFault{EndAfter: 2 * time.Second, StaleVersion: random.IntN(2) == 0}
	})
	c.describe("watches cut after 2 s, half of them answered 410 Gone, for %v: %d", duration, hit)
}

// quota: the namespace has a quota of five Pods, and events ask for more.
func quota(c *scenario) {
	duration := sized(c, 30*time.Second, 10*time.Second)
	c.Kubectl("create", "quota", "few", "-n", c.Namespace, "--hard=pods=5")
	c.Eventually("the quota to be enforced", func() error {
		return wantText(c.Kubectl("get", "quota", "few", "-n", c.Namespace, "-o", "jsonpath={.status.hard.pods}"), "5")
	})
	c.start()
	c.event(12, "slow")
	c.event(8, "slow")
	c.wait(duration)
	if pods, err := c.pods(); err != nil || len(pods) > 10 { // five running, and five ended and not deleted yet
		c.t.Errorf("%d Pods under a quota of 5, %v", len(pods), err)
	}
	c.Kubectl("delete", "quota", "few", "-n", c.Namespace)
	c.endFault()
	c.limit += 8 * time.Second // the run time of these workers
	c.describe("a quota of 5 Pods for %v, two events of 12 and 8", duration)
}

func wantText(text, want string) error {
	if strings.TrimSpace(text) != want {
		return fmt.Errorf("got %q, want %q", text, want)
	}
	return nil
}

const policy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
  - message: template rejected
    expression: "!has(object.metadata.labels) || !('template' in object.metadata.labels) || object.metadata.labels['template'] != 'refused'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
`

// admission: a policy rejects one template; the others continue.
func admission(c *scenario) {
	duration := sized(c, 30*time.Second, 10*time.Second)
	file := filepath.Join(c.t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(policy, c.Namespace)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Kubectl("apply", "-f", file)
	probe := c.pod("probe", "refused", "template: refused")
	c.Eventually("the policy to be enforced", func() error {
		out, err := cluster.Kubectl("create", "-n", c.Namespace, "--dry-run=server", "-f", probe)
		if err == nil || !strings.Contains(out, "template rejected") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	c.start()
	refused := c.event(3, "refused")
	good := c.event(3, "quick")
	c.Eventually("the others to continue", func() error { return c.closed(good) })
	c.wait(duration)
	if err := c.closed(refused); err == nil {
		c.t.Error("the refused event is closed")
	}
	c.Kubectl("delete", "-f", file)
	c.endFault()
	c.describe("a policy rejected one template for %v: its event waited, another one closed meanwhile", duration)
}

// closed reports whether an event is closed.
func (c *scenario) closed(event string) error { return c.has(event, "closed") }

// has reports whether the status stream has an entry of this kind for an event.
func (c *scenario) has(event, kind string) error {
	for _, e := range c.Status(event) {
		if e["kind"] == kind {
			return nil
		}
	}
	return fmt.Errorf("event %s has no status %s", event, kind)
}

// roleBindingGone: the product has no permissions for a while.
func roleBindingGone(c *scenario) {
	d := sized(c, time.Minute, 12*time.Second)
	c.start()
	c.load.steady(4)
	c.wait(2 * time.Second)
	manifest := filepath.Join(c.t.TempDir(), "rolebinding.yaml")
	text := c.Kubectl("get", "rolebinding", "ottoscaler", "-n", c.Namespace, "-o", "yaml")
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Kubectl("delete", "rolebinding", "ottoscaler", "-n", c.Namespace)
	c.wait(d)
	c.Kubectl("create", "-f", manifest)
	c.endFault()
	c.describe("the RoleBinding deleted for %v: no worker failed", d)
}

// tokenExpired: the account is recreated, which invalidates its token; the token file is updated later.
func tokenExpired(c *scenario) {
	expired := sized(c, time.Minute, 20*time.Second)
	token := filepath.Join(c.t.TempDir(), "token")
	fresh := func() {
		text := c.Kubectl("create", "token", "ottoscaler", "-n", c.Namespace)
		if err := os.WriteFile(token, []byte(strings.TrimSpace(text)), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	fresh()
	c.start("KUBECONFIG=" + withTokenFile(c, token))
	c.load.steady(4)
	c.wait(2 * time.Second)
	c.Kubectl("delete", "serviceaccount", "ottoscaler", "-n", c.Namespace)
	c.Kubectl("create", "serviceaccount", "ottoscaler", "-n", c.Namespace)
	c.wait(expired)
	fresh()
	c.endFault()
	c.limit += time.Minute // Kubernetes clients reread the file this often
	c.describe("the token invalid for %v, then replaced in its file", expired)
}

// withTokenFile is the account's kubeconfig with a token file, as in a cluster.
func withTokenFile(c *scenario, token string) string {
	config, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		user.Token, user.TokenFile = "", token
	}
	file := filepath.Join(c.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		c.t.Fatal(err)
	}
	return file
}
