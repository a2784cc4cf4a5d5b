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
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

var apiFaults = []fault{
	{number: 14, name: "api-server-down", alone: true, harm: judge.Fault{APIServer: true}, run: apiDown},
	{number: 15, name: "api-server-killed", alone: true, harm: judge.Fault{APIServer: true, LostAudit: true}, run: apiKilled},
	{number: 16, name: "too-many-requests", harm: judge.Fault{APIServer: true}, run: tooManyRequests},
	{number: 17, name: "internal-errors", harm: judge.Fault{APIServer: true}, run: internalErrors},
	{number: 18, name: "post-reply-lost", ci: true, harm: judge.Fault{APIServer: true}, run: postReplyLost},
	{number: 20, name: "quota", harm: judge.Fault{Denied: true}, run: quota},
	{number: 21, name: "admission-refuses", harm: judge.Fault{Denied: true}, run: admission},
	{number: 22, name: "rolebinding-gone", ci: true, harm: judge.Fault{Denied: true}, run: roleBindingGone},
	{number: 23, name: "token-expired", harm: judge.Fault{Denied: true}, run: tokenExpired},
	{number: 24, name: "watch-cut", harm: judge.Fault{APIServer: true}, run: watchCut},
}

// serverBack is how long a restarted API server takes until the scheduler and the nodes are at work again.
const serverBack = 30 * time.Second

// apiDown: the API server is away while events come.
func apiDown(c *scene) {
	down, events := span(c, 5*time.Minute, 20*time.Second), span(c, 500, 100)
	c.start()
	c.apiServer("kill")
	c.burst(events)
	c.until("all events to be accepted", func() error { return c.accepted(events) })
	c.lasts(down)
	c.apiServer("start")
	c.heal()
	c.limit += serverBack
	c.do("the API server killed, started again %v later with %d events waiting", down, events)
}

// apiKilled: SIGKILL of the API server while Pods are being created.
func apiKilled(c *scene) {
	kills := span(c, 5, 2)
	c.start()
	for range kills {
		before := c.ledger.made()
		c.burst(50)
		c.until("the burst to begin", func() error { return c.someMade(before + 10) })
		c.apiServer("kill")
		c.apiServer("start")
	}
	c.heal()
	c.limit += serverBack
	c.do("the API server killed %d times in a burst of 50 events, and started again", kills)
}

func (c *scene) apiServer(order string) {
	c.t.Helper()
	if err := c.Cluster.Fault(order, "kube-apiserver"); err != nil {
		c.t.Fatal(err)
	}
	c.say("%s the API server", order)
}

// judged lets requests come to grief for a while under load; fate decides with a random source of its own.
func (c *scene) judged(lasts time.Duration, fate func(*http.Request, *rand.Rand) harness.Fate) (hit int64) {
	api, random := c.api(), rand.New(rand.NewPCG(seed+2, uint64(c.fault.number)))
	var mu sync.Mutex
	var hits atomic.Int64
	c.start()
	c.load.steady(4)
	c.lasts(2 * time.Second)
	api.Judge(func(r *http.Request) harness.Fate {
		mu.Lock()
		defer mu.Unlock()
		f := fate(r, random)
		if f != (harness.Fate{}) {
			hits.Add(1)
		}
		return f
	})
	api.Down() // so that the watch, too, has to come again
	api.Up()
	c.lasts(lasts)
	api.Judge(nil)
	c.heal()
	if hits.Load() == 0 {
		c.t.Error("nothing came to grief")
	}
	return hits.Load()
}

// tooManyRequests: everything is answered with 429.
func tooManyRequests(c *scene) {
	lasts := span(c, 2*time.Minute, 15*time.Second)
	hit := c.judged(lasts, func(*http.Request, *rand.Rand) harness.Fate {
		return harness.Fate{Status: http.StatusTooManyRequests, RetryAfter: 1}
	})
	c.do("429 with Retry-After 1 for %v: %d requests", lasts, hit)
}

// internalErrors: a fifth of all requests fail before or after they were done.
func internalErrors(c *scene) {
	lasts := span(c, 2*time.Minute, 15*time.Second)
	hit := c.judged(lasts, func(_ *http.Request, random *rand.Rand) harness.Fate {
		if random.Float64() >= 0.2 {
			return harness.Fate{}
		}
		return []harness.Fate{
			{Status: http.StatusInternalServerError},
			{Status: http.StatusServiceUnavailable},
			{CutBefore: true},
			{Delay: 500 * time.Millisecond},
		}[random.IntN(4)]
	})
	c.do("20 %% of requests 500, 503, cut or delayed for %v: %d", lasts, hit)
}

// postReplyLost: Pods are made, and nobody hears of it.
func postReplyLost(c *scene) {
	lasts := span(c, time.Minute, 15*time.Second)
	hit := c.judged(lasts, func(r *http.Request, random *rand.Rand) harness.Fate {
		return harness.Fate{CutAfter: r.Method == http.MethodPost && random.Float64() < 0.3}
	})
	c.do("30 %% of POSTs done and their replies lost for %v: %d", lasts, hit)
}

// watchCut: no watch lives longer than two seconds, and half of the new ones ask for a version that is too old.
func watchCut(c *scene) {
	lasts := span(c, 2*time.Minute, 20*time.Second)
	hit := c.judged(lasts, func(r *http.Request, random *rand.Rand) harness.Fate {
		if !harness.IsWatch(r) {
			return harness.Fate{}
		}
		return harness.Fate{End: 2 * time.Second, Forget: random.IntN(2) == 0}
	})
	c.do("watches cut after 2 s, half of them answered with 410 Gone, for %v: %d", lasts, hit)
}

// quota: the namespace takes five Pods, an event asks for more.
func quota(c *scene) {
	lasts := span(c, 30*time.Second, 10*time.Second)
	c.Kubectl("create", "quota", "few", "-n", c.Namespace, "--hard=pods=5")
	c.until("the quota to hold", func() error {
		return says(c.Kubectl("get", "quota", "few", "-n", c.Namespace, "-o", "jsonpath={.status.hard.pods}"), "5")
	})
	c.start()
	c.event(12, "slow")
	c.event(8, "slow")
	c.lasts(lasts)
	if pods, err := c.pods(); err != nil || len(pods) > 10 { // five that run, and five that ended and are still there
		c.t.Errorf("%d Pods under a quota of 5, %v", len(pods), err)
	}
	c.Kubectl("delete", "quota", "few", "-n", c.Namespace)
	c.heal()
	c.limit += 8 * time.Second // how long these workers run
	c.do("a quota of 5 Pods for %v, two events of 12 and 8", lasts)
}

func says(text, want string) error {
	if strings.TrimSpace(text) != want {
		return fmt.Errorf("it says %q, want %q", text, want)
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
  - {expression: "!has(object.metadata.labels) || !('template' in object.metadata.labels) || object.metadata.labels['template'] != 'refused'", message: not this one}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s}
spec: {policyName: %[1]s, validationActions: [Deny]}
`

// admission: a policy refuses one template; the others go on.
func admission(c *scene) {
	lasts := span(c, 30*time.Second, 10*time.Second)
	file := filepath.Join(c.t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(policy, c.Namespace)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Kubectl("apply", "-f", file)
	probe := c.pod("probe", "refused", "template: refused")
	c.until("the policy to hold", func() error {
		out, err := cluster.Kubectl("create", "-n", c.Namespace, "--dry-run=server", "-f", probe)
		if err == nil || !strings.Contains(out, "not this one") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	c.start()
	refused := c.event(3, "refused")
	good := c.event(3, "quick")
	c.until("the others to go on", func() error { return c.closed(good) })
	c.lasts(lasts)
	if err := c.closed(refused); err == nil {
		c.t.Error("the refused event is closed")
	}
	c.Kubectl("delete", "-f", file)
	c.heal()
	c.do("a policy refused one template for %v: its event waited, another one's was done meanwhile", lasts)
}

// closed reports whether an event has come to its end.
func (c *scene) closed(event string) error { return c.has(event, "closed") }

// has reports whether the status stream says this of an event.
func (c *scene) has(event, kind string) error {
	for _, e := range c.Status(event) {
		if e["kind"] == kind {
			return nil
		}
	}
	return fmt.Errorf("event %s is not %s", event, kind)
}

// roleBindingGone: we may do nothing for a while.
func roleBindingGone(c *scene) {
	gone := span(c, time.Minute, 12*time.Second)
	c.start()
	c.load.steady(4)
	c.lasts(2 * time.Second)
	manifest := filepath.Join(c.t.TempDir(), "rolebinding.yaml")
	if err := os.WriteFile(manifest, []byte(c.Kubectl("get", "rolebinding", "ottoscaler", "-n", c.Namespace, "-o", "yaml")), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.Kubectl("delete", "rolebinding", "ottoscaler", "-n", c.Namespace)
	c.lasts(gone)
	c.Kubectl("create", "-f", manifest)
	c.heal()
	c.do("our RoleBinding gone for %v: nothing failed", gone)
}

// tokenExpired: the account is made anew, so that its old token is worth nothing; the new one is in our file later.
func tokenExpired(c *scene) {
	expired := span(c, time.Minute, 20*time.Second)
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
	c.lasts(2 * time.Second)
	c.Kubectl("delete", "serviceaccount", "ottoscaler", "-n", c.Namespace)
	c.Kubectl("create", "serviceaccount", "ottoscaler", "-n", c.Namespace)
	c.lasts(expired)
	fresh()
	c.heal()
	c.limit += time.Minute // how often Kubernetes clients read the file anew
	c.do("our token invalid for %v, then another one in its file", expired)
}

// withTokenFile is the account's kubeconfig as in a cluster: with a file of the token.
func withTokenFile(c *scene, token string) string {
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
