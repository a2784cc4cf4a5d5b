//go:build real

package faults

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var admissionFaults = []fault{
	{number: 20, name: "quota-posts", injected: checker.Fault{Denied: true}, run: quotaPosts},
	{number: 41, name: "webhook-broken", injected: checker.Fault{Denied: true, APIServer: true}, run: webhookBroken},
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
