//go:build real

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var podFaults = []fault{
	{number: 19, name: "foreign-pod", injected: checker.Fault{Others: true}, run: foreignPod},
	{number: 26, name: "vanished-while-down", ci: true, injected: checker.Fault{Killed: true, Others: true}, run: vanished},
	{number: 27, name: "infrastructure", injected: checker.Fault{Others: true}, run: infrastructure},
	{number: 28, name: "others-delete", injected: checker.Fault{Others: true}, run: othersDelete},
	{number: 27, name: "node-lost", alone: true, injected: checker.Fault{Others: true}, run: nodeLost},
	{number: 29, name: "stuck-terminating", injected: checker.Fault{Others: true}, run: stuckTerminating},
	{number: 38, name: "labels-edited", injected: checker.Fault{Others: true}, run: labelsEdited},
}

// ids are entry IDs later than all existing ones.
func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%d-%d", time.Now().Add(time.Minute).UnixMilli(), i)
	}
	return out
}

// foreignPod: two foreign Pods have the names of two workers; one of them is deleted.
func foreignPod(c *scenario) {
	events := ids(2)
	for _, id := range events {
		pod := c.pod("otto-agent-1-"+id, "nowhere", "managed-by: ottoscaler, ottoscaler.io/instance: ottoscaler")
		c.Kubectl("create", "-n", c.Namespace, "-f", pod)
	}
	stays := "otto-agent-1-" + events[1]
	c.foreign[stays], c.expects["failed"] = true, true
	c.start("OTTO_PENDING_TIMEOUT=15s")
	for _, id := range events {
		if _, err := c.load.add(c.t.Context(), id, []any{"type", "scale_up", "pod_count", 2, "template", "quick"}); err != nil {
			c.t.Fatal(err)
		}
	}
	c.wait(5 * time.Second)
	c.Kubectl("delete", "pod", "otto-agent-1-"+events[0], "-n", c.Namespace)
	c.endFault()
	c.waitIdle()
	c.counts(map[string]int{"succeeded": 3, "failed NameTaken": 1})
	phase := c.Kubectl("get", "pod", stays, "-n", c.Namespace, "-o", "jsonpath={.metadata.deletionTimestamp}{.status.phase}")
	if phase != "Pending" {
		c.t.Errorf("the foreign Pod is %q", phase)
	}
	c.describe("foreign Pods had two workers' names: one deleted after 5 s, the other kept (NameTaken) and not touched")
}

// pod is a file with a Pod made from a template, but not by the product.
func (c *scenario) pod(name, template, labels string) string {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "pod.yaml")
	text := fmt.Sprintf(podText, name, labels, podTemplates[template][1], container)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

const podText = `apiVersion: v1
kind: Pod
metadata:
  name: %s
  labels: {%s}
spec:
  restartPolicy: Never
  %s
%s`

// counts compares the outcomes of the workers: by state, and by reason unless they succeeded.
func (c *scenario) counts(want map[string]int) {
	c.t.Helper()
	got := map[string]int{}
	for _, e := range c.status() {
		switch {
		case e["kind"] != "worker" || !isOutcome(e["state"]):
		case e["state"] == "succeeded":
			got["succeeded"]++
		default:
			got[e["state"]+" "+strings.Replace(e["reason"], "ErrImagePull", "ImagePullBackOff", 1)]++ // the two alternate
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("the workers ended %v, want %v", got, want)
	}
}

// vanished: while the product is down, Pods end and are deleted.
func vanished(c *scenario) {
	c.expects["lost"] = true
	p := c.start()
	events := []string{c.event(10, "quick"), c.event(10, "slow")}
	for _, e := range events { // before that, a Pod deleted during a crash may be created again
		c.Eventually("the event to settle", func() error { return c.has(e, "settled") })
	}
	p.kill()
	c.Eventually("all Pods to end", func() error { return c.phase(corev1.PodSucceeded) })
	c.Kubectl("delete", "pods", "--all", "-n", c.Namespace)
	c.start()
	c.endFault()
	c.describe("20 Pods ended and were deleted while the product was down")
}

// phase reports whether all Pods are in a phase.
func (c *scenario) phase(want corev1.PodPhase) error {
	pods, err := c.kube.CoreV1().Pods(c.Namespace).List(c.t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		if p := &pods.Items[i]; p.Status.Phase != want {
			return fmt.Errorf("%s is %s", p.Name, p.Status.Phase)
		}
	}
	return nil
}

// infrastructure: each way in which Kubernetes fails a Pod.
func infrastructure(c *scenario) {
	c.expects["failed"] = true
	c.start("OTTO_IMAGE_PULL_TIMEOUT=3s", "OTTO_PENDING_TIMEOUT=10s", "OTTO_MAX_ATTEMPTS=2")
	for _, template := range []string{"evicted", "oom", "fails", "no-pull", "nowhere"} {
		c.event(2, template)
	}
	c.endFault()
	c.limit += 30 * time.Second // the timeouts above, and the backoff before a new attempt
	c.waitIdle()
	c.counts(map[string]int{
		"failed Evicted": 2, "failed OOMKilled": 2, "failed Error": 2, "failed ImagePullBackOff": 2, "failed Unschedulable": 2,
	})
	c.describe("eviction (a second attempt each), OOMKilled, exit code 7, ImagePullBackOff, Unschedulable: two workers each")
}

// othersDelete: another client deletes finished Pods before the product does.
func othersDelete(c *scenario) {
	duration := sized(c, time.Minute, 15*time.Second)
	c.start("OTTO_SUCCEEDED_TTL=10s")
	c.load.steady(4)
	deleted := 0
	for end := time.Now().Add(duration); time.Now().Before(end); {
		pods, err := c.kube.CoreV1().Pods(c.Namespace).List(c.t.Context(), metav1.ListOptions{FieldSelector: "status.phase=Succeeded"})
		if err != nil {
			c.t.Fatal(err)
		}
		for i := range pods.Items {
			if c.kube.CoreV1().Pods(c.Namespace).Delete(c.t.Context(), pods.Items[i].Name, metav1.DeleteOptions{}) == nil {
				deleted++
			}
		}
	}
	c.endFault()
	c.describe("another client deleted finished Pods at once for %v: %d", duration, deleted)
}

// labelsEdited: the product's labels are removed from running Pods.
func labelsEdited(c *scenario) {
	c.start()
	event := c.event(4, "slow")
	c.Eventually("all Pods to run", func() error { return c.running(4) })
	for slot := 1; slot <= 2; slot++ {
		c.Kubectl("label", "pod", fmt.Sprintf("otto-agent-%d-%s", slot, event), "-n", c.Namespace,
			"managed-by-", "ottoscaler.io/instance-", "ottoscaler.io/event-id-")
	}
	c.wait(2 * time.Second)
	pods, err := c.pods()
	if err != nil || len(pods) != 4 {
		c.t.Errorf("the Pods are %v, %v", pods, err)
	}
	c.endFault()
	c.limit += 40 * time.Second // the run time, and the interval between two GETs of a Pod that the watch does not show
	c.describe("labels removed from 2 of 4 running Pods")
}

func (c *scenario) running(n int) error {
	pods, err := c.pods()
	if err == nil && len(pods) != n {
		err = fmt.Errorf("the Pods are %s", strings.Join(pods, ", "))
	}
	if err != nil {
		return err
	}
	return c.phase(corev1.PodRunning)
}

// nodeLost: a node stops its heartbeats, its Pods cannot be deleted; then it recovers.
func nodeLost(c *scenario) {
	c.expects["cancelled"], c.expects["lost"] = true, true
	c.start()
	event := c.event(4, "on-one")
	c.event(4, "quick")
	c.Eventually("all Pods of the node to run", func() error { return c.terminating(event, 4, false) })
	c.Kubectl("label", "node", "kwok-1", "devcluster.io/node-")
	c.Eventually("the Pods of the lost node to be deleted", func() error { return c.terminating(event, 4, true) })
	c.wait(10 * time.Second)
	c.Kubectl("label", "node", "kwok-1", "devcluster.io/node=simulated")
	c.endFault()
	c.limit += 2 * time.Minute // a second attempt and its run time
	c.describe("a node with 4 Pods without heartbeats until their deletion and 10 s more, then recovered")
}

// terminating reports whether n Pods of an event run, and are being deleted or not.
func (c *scenario) terminating(event string, n int, deleting bool) error {
	pods, err := c.kube.CoreV1().Pods(c.Namespace).List(c.t.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	found := 0
	for i := range pods.Items {
		p := &pods.Items[i]
		if strings.HasSuffix(p.Name, event) && p.Status.Phase == corev1.PodRunning && (p.DeletionTimestamp != nil) == deleting {
			found++
		}
	}
	if found != n {
		return fmt.Errorf("%d of %d", found, n)
	}
	return nil
}

// stuckTerminating: a finalizer keeps a Pod that ended and was deleted; its capacity is free all the same.
func stuckTerminating(c *scenario) {
	d := sized(c, time.Minute, 10*time.Second)
	c.start("OTTO_MAX_WORKERS=1")
	event := c.event(1, "slow")
	c.Eventually("the Pod to run", func() error { return c.running(1) })
	name := "otto-agent-1-" + event
	c.Kubectl("patch", "pod", name, "-n", c.Namespace, "-p", `{"metadata":{"finalizers":["example.com/stays"]}}`)
	next := c.event(3, "quick")
	c.Eventually("the Pod to be deleted", func() error {
		const fields = "jsonpath={.status.phase} {.metadata.deletionGracePeriodSeconds}"
		return wantText(c.Kubectl("get", "pod", name, "-n", c.Namespace, "-o", fields), "Succeeded 0")
	})
	c.Eventually("the next event to close", func() error { return c.closed(next) })
	c.wait(d)
	c.Kubectl("patch", "pod", name, "-n", c.Namespace, "-p", `{"metadata":{"finalizers":null}}`)
	c.endFault()
	c.describe("a finalizer kept an ended Pod for %v, with a capacity of one: the next event closed", d)
}
