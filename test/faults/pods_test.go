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

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

var podFaults = []fault{
	{number: 19, name: "foreign-pod", harm: judge.Fault{Others: true}, run: foreignPod},
	{number: 26, name: "vanished-while-down", ci: true, harm: judge.Fault{Killed: true, Others: true}, run: vanished},
	{number: 27, name: "infrastructure", harm: judge.Fault{Others: true}, run: infrastructure},
	{number: 28, name: "others-delete", harm: judge.Fault{Others: true}, run: othersDelete},
	{number: 27, name: "node-lost", alone: true, harm: judge.Fault{Others: true}, run: nodeLost},
	{number: 29, name: "stuck-terminating", harm: judge.Fault{Others: true}, run: stuckTerminating},
	{number: 38, name: "labels-edited", harm: judge.Fault{Others: true}, run: labelsEdited},
}

// ids are entry IDs that come after all of now.
func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%d-%d", time.Now().Add(time.Minute).UnixMilli(), i)
	}
	return out
}

// foreignPod: two Pods that are not ours have the names of two workers; one of them goes away.
func foreignPod(c *scene) {
	events := ids(2)
	for _, id := range events {
		c.Kubectl("create", "-n", c.Namespace, "-f", c.pod("otto-agent-1-"+id, "nowhere", "managed-by: ottoscaler, ottoscaler.io/instance: ottoscaler"))
	}
	stays := "otto-agent-1-" + events[1]
	c.foreign[stays], c.expects["failed"] = true, true
	c.start("OTTO_PENDING_TIMEOUT=15s")
	for _, id := range events {
		if _, err := c.load.add(c.t.Context(), id, []any{"type", "scale_up", "pod_count", 2, "template", "quick"}); err != nil {
			c.t.Fatal(err)
		}
	}
	c.lasts(5 * time.Second)
	c.Kubectl("delete", "pod", "otto-agent-1-"+events[0], "-n", c.Namespace)
	c.heal()
	c.rest()
	c.counts(map[string]int{"succeeded": 3, "failed NameTaken": 1})
	if phase := c.Kubectl("get", "pod", stays, "-n", c.Namespace, "-o", "jsonpath={.metadata.deletionTimestamp}{.status.phase}"); phase != "Pending" {
		c.t.Errorf("the foreign Pod is %q", phase)
	}
	c.do("foreign Pods had two workers' names: one went after 5 s, the other stays (NameTaken) and is left alone")
}

// pod is a file with a Pod as an operator's template makes it, but not ours.
func (c *scene) pod(name, template, labels string) string {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "pod.yaml")
	text := fmt.Sprintf(podText, name, labels, fates[template][1], container)
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

// counts compares how the workers ended: by state, and reason unless they succeeded.
func (c *scene) counts(want map[string]int) {
	c.t.Helper()
	got := map[string]int{}
	for _, e := range c.status() {
		switch {
		case e["kind"] != "worker" || !isOutcome(e["state"]):
		case e["state"] == "succeeded":
			got["succeeded"]++
		default:
			got[e["state"]+" "+strings.Replace(e["reason"], "ErrImagePull", "ImagePullBackOff", 1)]++ // they take turns
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("the workers ended %v, want %v", got, want)
	}
}

// vanished: while we are down Pods end, and somebody deletes them.
func vanished(c *scene) {
	c.expects["lost"] = true
	p := c.start()
	events := []string{c.event(10, "quick"), c.event(10, "slow")}
	for _, e := range events { // before that, a Pod that somebody deletes while we crash may come again: the promise says so
		c.until("the event to settle", func() error { return c.has(e, "settled") })
	}
	p.kill()
	c.until("all Pods to end", func() error { return c.phase(corev1.PodSucceeded) })
	c.Kubectl("delete", "pods", "--all", "-n", c.Namespace)
	c.start()
	c.heal()
	c.do("20 Pods ended and were deleted while we were down")
}

// phase reports whether all Pods are in a phase.
func (c *scene) phase(want corev1.PodPhase) error {
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

// infrastructure: each way in which Kubernetes itself fails a Pod.
func infrastructure(c *scene) {
	c.expects["failed"] = true
	c.start("OTTO_IMAGE_PULL_TIMEOUT=3s", "OTTO_PENDING_TIMEOUT=10s", "OTTO_MAX_ATTEMPTS=2")
	for _, template := range []string{"evicted", "oom", "fails", "no-pull", "nowhere"} {
		c.event(2, template)
	}
	c.heal()
	c.limit += 30 * time.Second // the timeouts above, and the pause before a new attempt
	c.rest()
	c.counts(map[string]int{
		"failed Evicted": 2, "failed OOMKilled": 2, "failed Error": 2, "failed ImagePullBackOff": 2, "failed Unschedulable": 2,
	})
	c.do("eviction (a second attempt each), OOMKilled, exit code 7, ImagePullBackOff, Unschedulable: two workers each")
}

// othersDelete: somebody else cleans up finished Pods, faster than we.
func othersDelete(c *scene) {
	lasts := span(c, time.Minute, 15*time.Second)
	c.start("OTTO_SUCCEEDED_TTL=10s")
	c.load.steady(4)
	deleted := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); {
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
	c.heal()
	c.do("somebody deleted finished Pods at once for %v: %d", lasts, deleted)
}

// labelsEdited: our labels go off running Pods, and come back or not.
func labelsEdited(c *scene) {
	c.start()
	event := c.event(4, "slow")
	c.until("all Pods to run", func() error { return c.running(4) })
	for slot := 1; slot <= 2; slot++ {
		c.Kubectl("label", "pod", fmt.Sprintf("otto-agent-%d-%s", slot, event), "-n", c.Namespace, "managed-by-", "ottoscaler.io/instance-", "ottoscaler.io/event-id-")
	}
	c.lasts(2 * time.Second)
	pods, err := c.pods()
	if err != nil || len(pods) != 4 {
		c.t.Errorf("the Pods are %v, %v", pods, err)
	}
	c.heal()
	c.limit += 40 * time.Second // the run time, and the pause between two looks at a Pod that cannot be seen
	c.do("our labels taken off 2 of 4 running Pods")
}

func (c *scene) running(n int) error {
	pods, err := c.pods()
	if err == nil && len(pods) != n {
		err = fmt.Errorf("there are %s", strings.Join(pods, ", "))
	}
	if err != nil {
		return err
	}
	return c.phase(corev1.PodRunning)
}

// nodeLost: a node falls silent, its Pods are to be deleted and cannot; then it comes back.
func nodeLost(c *scene) {
	c.expects["cancelled"], c.expects["lost"] = true, true
	c.start()
	event := c.event(4, "on-one")
	c.event(4, "quick")
	c.until("all Pods of the node to run", func() error { return c.terminating(event, 4, false) })
	c.Kubectl("label", "node", "kwok-1", "devcluster.io/node-")
	c.until("the Pods of the lost node to be deleted", func() error { return c.terminating(event, 4, true) })
	c.lasts(10 * time.Second)
	c.Kubectl("label", "node", "kwok-1", "devcluster.io/node=simulated")
	c.heal()
	c.limit += 2 * time.Minute // a second attempt, and how long it runs
	c.do("a node with 4 Pods silent until they were being deleted and 10 s more, then back")
}

// terminating reports whether so many Pods of an event run, and are being deleted or not.
func (c *scene) terminating(event string, n int, deleting bool) error {
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

// stuckTerminating: a finalizer keeps a Pod that has ended and that we delete; its place is free all the same.
func stuckTerminating(c *scene) {
	stays := span(c, time.Minute, 10*time.Second)
	c.start("OTTO_MAX_WORKERS=1")
	event := c.event(1, "slow")
	c.until("the Pod to run", func() error { return c.running(1) })
	name := "otto-agent-1-" + event
	c.Kubectl("patch", "pod", name, "-n", c.Namespace, "-p", `{"metadata":{"finalizers":["example.com/stays"]}}`)
	next := c.event(3, "quick")
	c.until("the Pod to be deleted", func() error {
		return says(c.Kubectl("get", "pod", name, "-n", c.Namespace, "-o", "jsonpath={.status.phase} {.metadata.deletionGracePeriodSeconds}"), "Succeeded 0")
	})
	c.until("the next event to go on", func() error { return c.closed(next) })
	c.lasts(stays)
	c.Kubectl("patch", "pod", name, "-n", c.Namespace, "-p", `{"metadata":{"finalizers":null}}`)
	c.heal()
	c.do("a finalizer held an ended Pod for %v, with room for one: the next event went on", stays)
}
