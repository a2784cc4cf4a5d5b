//go:build real

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var admissionFaults = []fault{
	{number: 20, name: "quota-posts", injected: checker.Fault{Denied: true}, run: quotaPosts},
	{number: 41, name: "webhook-broken", injected: checker.Fault{Denied: true, APIServer: true}, run: webhookBroken},
	{number: 45, name: "labels-by-admission", injected: checker.Fault{Others: true, Killed: true}, run: labelsByAdmission},
	{number: 46, name: "scheduling-gates", ci: true, injected: checker.Fault{Others: true}, run: schedulingGates},
	{number: 50, name: "record-expired", injected: checker.Fault{Others: true, Killed: true}, run: recordExpired},
}

// quotaPosts: twenty times as many Pods as a quota allows take hardly more POSTs than Pods.
func quotaPosts(c *scenario) {
	const quota = 20
	workers := sized(c, 400, 100)
	limit := workers * 3 / 2
	c.Kubectl("create", "quota", "few", "-n", c.Namespace, fmt.Sprintf("--hard=pods=%d", quota))
	c.Eventually("the quota to be enforced", func() error {
		return wantText(c.Kubectl("get", "quota", "few", "-n", c.Namespace, "-o", "jsonpath={.status.hard.pods}"), fmt.Sprint(quota))
	})
	c.start()
	c.event(workers, "quick")
	c.endFault()
	c.waitIdle()
	c.audit.read()
	if c.audit.posts > limit || c.audit.posts == len(c.audit.posted) {
		c.t.Errorf("%d POSTs for %d Pods, at most %d are due, and some must have been refused", c.audit.posts, workers, limit)
	}
	c.describe("%d Pods under a quota of %d: %d POSTs (limit %d)", workers, quota, c.audit.posts, limit)
}

// webhook starts an admission webhook for a template and waits until the API server asks it.
func (c *scenario) webhook(kind, template string) *harness.Webhook {
	c.t.Helper()
	hook := c.NewWebhook(c.t, kind, template)
	probe := c.pod("probe", template, "template: "+template)
	c.Eventually("the webhook to be asked", func() error {
		if _, err := cluster.Kubectl("create", "-n", c.Namespace, "--dry-run=server", "-f", probe); err != nil {
			return err
		}
		if hook.Asked() == 0 {
			return errors.New("it was not asked yet")
		}
		return nil
	})
	return hook
}

// brokenWebhooks are the ways in which a webhook breaks. Of one that hangs or fails, all Pods are refused.
var brokenWebhooks = []struct {
	name   string
	shut   bool
	answer func(asked int) harness.WebhookAnswer
}{
	{"500", true, func(int) harness.WebhookAnswer { return harness.WebhookAnswer{Status: http.StatusInternalServerError} }},
	{"hangs", true, func(int) harness.WebhookAnswer { return harness.WebhookAnswer{Delay: 15 * time.Second} }},
	{"flaps", false, func(asked int) harness.WebhookAnswer {
		return harness.WebhookAnswer{Status: asked % 2 * http.StatusInternalServerError}
	}},
}

// webhookBroken: one template's webhook is broken; the workers of the others start and end meanwhile.
func webhookBroken(c *scenario) {
	const others = 60
	hook := c.webhook("Validating", "hooked")
	c.start()
	most := 0
	for _, broken := range brokenWebhooks {
		before := hook.Asked()
		hook.Answer(broken.answer)
		hooked := c.event(10, "hooked")
		c.Eventually("the broken webhook to be asked", func() error {
			if hook.Asked() == before {
				return errors.New("it was not asked yet")
			}
			return nil
		})
		good := c.event(others, "quick")
		c.Eventually("the others to close while it "+broken.name, func() error { return c.closed(good) })
		asked := hook.Asked() - before
		if broken.shut && (c.closed(hooked) == nil || asked > others/2) {
			c.t.Errorf("%s: its event is closed: %v; it was asked %d times while %d others ran", broken.name, c.closed(hooked) == nil, asked, others)
		}
		most = max(most, asked)
	}
	hook.Answer(func(int) harness.WebhookAnswer { return harness.WebhookAnswer{} })
	c.endFault()
	c.limit += 30 * time.Second // the longest pause of its lane, and a request that hangs
	c.describe("one template's webhook answered 500, hung and flapped: 3 times %d workers of another template ran meanwhile, "+
		"and it was asked at most %d times in each", others, most)
}

// labelsByAdmission: a webhook replaces the product's labels on every Pod; the product is killed while they run.
func labelsByAdmission(c *scenario) {
	hook := c.webhook("Mutating", "brief")
	const labels = `[{"op":"replace","path":"/metadata/labels","value":{"team":"someone-else"}}]`
	hook.Answer(func(int) harness.WebhookAnswer { return harness.WebhookAnswer{Patch: labels} })
	p := c.start()
	event := c.event(4, "brief")
	c.Eventually("all Pods to run", func() error { return c.running(4) })
	p.kill()
	c.start()
	c.event(4, "brief")
	c.Eventually("the first event to settle", func() error { return c.has(event, "settled") })
	c.endFault()
	c.limit += 40 * time.Second // the interval between two GETs of a Pod that the watch does not show
	c.waitIdle()
	c.counts(map[string]int{"succeeded": 8})
	c.describe("a webhook replaced all labels of 8 Pods, with a SIGKILL while 4 of them ran")
}

// schedulingGates: Pods are held back longer than they may stay pending, and then released.
func schedulingGates(c *scenario) {
	const pending, times = 2 * time.Second, 3
	c.start("OTTO_PENDING_TIMEOUT=" + pending.String())
	event := c.event(3, "gated")
	c.Eventually("the Pods to be created", func() error { return c.someCreated(3) })
	c.wait(times * pending)
	free := c.event(3, "quick")
	c.Eventually("an event without gates to close", func() error { return c.closed(free) })
	if c.ended("failed", "") > 0 {
		c.t.Error("a Pod that is held back has failed")
	}
	for slot := 1; slot <= 3; slot++ {
		c.patch(fmt.Sprintf("otto-agent-%d-%s", slot, event), types.JSONPatchType, `[{"op":"remove","path":"/spec/schedulingGates"}]`)
	}
	c.endFault()
	c.waitIdle()
	c.counts(map[string]int{"succeeded": 6})
	c.describe("3 Pods held by a scheduling gate for more than %d times OTTO_PENDING_TIMEOUT, then released", times)
}

func (c *scenario) patch(pod string, kind types.PatchType, text string) {
	c.t.Helper()
	if _, err := c.kube.CoreV1().Pods(c.Namespace).Patch(c.t.Context(), pod, kind, []byte(text), metav1.PatchOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// orphanTime is longer than the product waits for the stream to bring the event of a Pod that has no record.
const orphanTime = 40 * time.Second

// recordExpired: one of two Pods that never started hangs in Terminating until the record of their event is gone, and through
// two restarts.
func recordExpired(c *scenario) {
	c.expects["failed"] = true
	c.env = append(c.env, "OTTO_RECORD_TTL=3s", "OTTO_IMAGE_PULL_TIMEOUT=5s")
	p := c.start()
	c.term() // of what came before the first one nothing is known
	event := c.event(2, "no-pull")
	c.Eventually("the Pods to be created", func() error { return c.someCreated(2) })
	hangs := "otto-agent-1-" + event
	c.patch(hangs, types.MergePatchType, `{"metadata":{"finalizers":["example.com/stays"]}}`)
	c.Eventually("one Pod to be gone, and the other to hang", func() error { return c.onlyTerminating(hangs) })
	c.Eventually("the record to expire", func() error { return c.expired(event) })
	for range 2 {
		p.kill()
		p = c.start()
		next := c.event(1, "quick")
		c.Eventually("the next event to close", func() error { return c.closed(next) })
	}
	c.wait(orphanTime)
	c.patch(hangs, types.MergePatchType, `{"metadata":{"finalizers":null}}`)
	c.endFault()
	c.waitIdle()
	c.counts(map[string]int{"failed ImagePullBackOff": 2, "succeeded": 2})
	c.describe("a Pod without its image kept in Terminating until its event's record had expired, through 2 SIGKILLs and %v more: "+
		"no second outcome", orphanTime)
}

// onlyTerminating reports whether one Pod is left, and being deleted.
func (c *scenario) onlyTerminating(name string) error {
	pods, err := c.pods()
	if err != nil {
		return err
	}
	pod, err := c.kube.CoreV1().Pods(c.Namespace).Get(c.t.Context(), name, metav1.GetOptions{})
	if err == nil && (len(pods) != 1 || pod.DeletionTimestamp == nil) {
		err = fmt.Errorf("the Pods are %v, %s is being deleted since %v", pods, name, pod.DeletionTimestamp)
	}
	return err
}

// expired reports whether the record of an event is gone.
func (c *scenario) expired(event string) error {
	n, err := c.Redis.Exists(context.Background(), "{"+harness.Stream+"}:event:"+event).Result()
	if err == nil && n > 0 {
		err = errors.New("it is still there")
	}
	return err
}
