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

// queueBugScenarios provoke the bugs of queues and of operators' commands, as bugScenarios do those of events.
var queueBugScenarios = []fault{
	{number: 11, name: "three-queues", run: threeQueues},
	{number: 12, name: "webhook-heals", injected: checker.Fault{Denied: true, APIServer: true}, run: webhookHeals},
	{number: 13, name: "paused", injected: checker.Fault{Killed: true}, run: pausedAcross},
	{number: 14, name: "cancelled-task", injected: checker.Fault{Killed: true}, run: cancelledTask},
	{number: 15, name: "too-late", run: tooLate},
	{number: 16, name: "few-at-once", run: fewAtOnce},
}

// onItsWay is longer than the oracle takes a request to be on its way when a pause is recorded.
const onItsWay = 3 * time.Second

// threeQueues: a full house for queues with weights 1, 2 and 4, each with more work than places.
func threeQueues(c *scenario) {
	const places, workers = 21, 42
	weights := map[string]checker.Queue{"a": {Weight: 1}, "b": {Weight: 2}, "c": {Weight: 4}}
	text := "version: 1\nqueues:\n"
	for _, name := range []string{"a", "b", "c"} {
		text += fmt.Sprintf("- name: %s\n  weight: %d\n", name, weights[name].Weight)
	}
	c.queuesFile(text)
	c.judge = append(c.judge, func(in *checker.Input) { in.Queues, in.Capacity = weights, places })
	var events []string
	for _, name := range []string{"a", "b", "c"} {
		events = append(events, c.add("type", "scale_up", "pod_count", workers, "template", "brief", "queue", name))
	}
	c.start(fmt.Sprintf("OTTO_MAX_WORKERS=%d", places))
	for _, e := range events {
		c.Eventually("the event to settle", func() error { return c.has(e, "settled") })
	}
}

// webhookHeals: a webhook is broken long enough to shut its template's lane, and then answers.
func webhookHeals(c *scenario) {
	hook := c.webhook("Validating", "hooked")
	hook.Answer(func(int) harness.WebhookAnswer { return harness.WebhookAnswer{Status: http.StatusInternalServerError} })
	c.start()
	before := hook.Asked()
	c.event(30, "hooked") // more than trials of a shut lane start before the scenario ends
	c.Eventually("the webhook to be asked again and again", func() error {
		if hook.Asked() < before+6 {
			return errors.New("not yet")
		}
		return nil
	})
	hook.Answer(func(int) harness.WebhookAnswer { return harness.WebhookAnswer{} })
}

// pausedAcross: a queue is paused, and stays so although the product is killed.
func pausedAcross(c *scenario) {
	p := c.start()
	c.SetPaused("web", true)
	c.add("type", "scale_up", "pod_count", 2, "template", "quick", "queue", "web")
	c.wait(onItsWay)
	p.kill()
	c.start()
	c.wait(onItsWay)
	c.SetPaused("web", false)
}

// cancelledTask: a cancel is still open when a later event of its task runs and the product is restarted.
func cancelledTask(c *scenario) {
	p := c.start()
	first := c.add("type", "scale_up", "pod_count", 2, "template", "lingers", "task_id", "t")
	c.Eventually("the Pods to run", func() error { return c.running(2) })
	cancel := c.add("type", "cancel", "task_id", "t")
	c.Eventually("the cancel to be recorded", func() error { return c.has(cancel, "cancelling") })
	later := c.add("type", "scale_up", "pod_count", 2, "template", "slow", "task_id", "t")
	c.Eventually("the later event to settle", func() error { return c.has(later, "settled") })
	p.kill()
	c.start()
	c.Eventually("the cancelled event to close", func() error { return c.closed(first) })
}

// tooLate: the workers of a paused queue are too late to start.
func tooLate(c *scenario) {
	c.start()
	c.SetPaused("web", true)
	late := c.add("type", "scale_up", "pod_count", 3, "template", "quick", "queue", "web", "start_deadline_seconds", 2)
	c.Eventually("an outcome", func() error {
		if c.ended("failed", late) == 0 {
			return errors.New("none yet")
		}
		return nil
	})
	c.SetPaused("web", false)
}

// fewAtOnce: an event allows two of its workers at once.
func fewAtOnce(c *scenario) {
	c.start()
	c.add("type", "scale_up", "pod_count", 6, "template", "brief", "max_parallel", 2)
}
