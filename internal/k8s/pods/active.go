package pods

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// describeActive reads why a Pod that has not ended is about to, or why it makes no progress, if so.
func describeActive(pod *corev1.Pod, c *containers, o *worker.Observation) {
	if t := condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue); t != nil {
		o.Disrupted = true
		o.Reason, o.Message = reasonWord(t.Reason), text.Head(t.Message, maxMessage)
		return
	}
	if c.mainEnd() != nil && c.othersGoOn() {
		describeMainEnded(c, o)
		return
	}
	if o.Phase != worker.PhasePending {
		o.NodeDown = nodeDown(pod)
		return
	}
	o.Starting = c.starting(pod)
	if describeWaiting(pod, c, o) {
		return
	}
	if t := condition(pod, corev1.PodScheduled, corev1.ConditionFalse); t != nil {
		o.Gated = t.Reason == corev1.PodReasonSchedulingGated
		o.Reason, o.Message = reasonWord(t.Reason), text.Head(t.Message, maxMessage)
	}
}

// describeMainEnded reads how the main container ended while others run.
func describeMainEnded(c *containers, o *worker.Observation) {
	c.describeEnd(c.main, o)
	o.MainEnded, o.EndUnknown = true, madeUp(c.main.State.Terminated)
	if o.ExitCode != nil && *o.ExitCode == 0 {
		o.Reason, o.Message = "Completed", c.result(c.main)
	}
}

// describeWaiting reads for which container the Pod waits, and why: for the one that will never start, else for one whose
// start fails for now, else for the main one.
func describeWaiting(pod *corev1.Pod, c *containers, o *worker.Observation) bool {
	var found *corev1.ContainerStatus
	for s := range c.all {
		if kind := waitingKind(s); kind > o.Waiting {
			found, o.Waiting = s, kind
		}
	}
	if found == nil && pod.Spec.NodeName != "" && c.main != nil && c.main.State.Waiting != nil {
		found = c.main
	}
	if found == nil {
		return false
	}
	w := found.State.Waiting
	o.Container, o.Reason, o.Message = text.Line(found.Name, maxContainer), reasonWord(w.Reason), text.Head(w.Message, maxMessage)
	return true
}

// waitingKind is why a container waits. A config error heals by itself unless what it names is missing: in a burst of Pods
// the kubelet is late to have a Secret.
func waitingKind(s *corev1.ContainerStatus) worker.Waiting {
	w := s.State.Waiting
	if w == nil {
		return worker.WaitingNone
	}
	r, _ := worker.ReasonOf(w.Reason)
	if w.Reason == "CreateContainerConfigError" && !permanent(w.Message) {
		return worker.WaitingImage
	}
	return r.Waiting
}

// permanent reports whether waiting does not cure a config error.
func permanent(message string) bool {
	for _, cause := range []string{"not found", "couldn't find key", "runAsNonRoot"} {
		if strings.Contains(message, cause) {
			return true
		}
	}
	return false
}

// starting is since when a Pod that has a node has not started: since it got it or, if that is later, since the last init
// container ended. Zero: it has no node, or a container of it is at work, or has been. A sidecar is none of those, nor an init
// container that is restarted again and again.
func (c *containers) starting(pod *corev1.Pod) time.Time {
	if pod.Spec.NodeName == "" {
		return time.Time{}
	}
	since := scheduled(pod)
	if since.IsZero() {
		since = jsonTime(pod.CreationTimestamp.Time)
	}
	for _, s := range c.regular {
		if s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil {
			return time.Time{}
		}
	}
	for _, s := range c.inits {
		if s.State.Running != nil && s.RestartCount == 0 {
			return time.Time{}
		}
		if t := s.State.Terminated; t != nil && t.ExitCode == 0 && t.FinishedAt.After(since) {
			since = jsonTime(t.FinishedAt.Time)
		}
	}
	return since
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == kind && c.Status == status {
			return c
		}
	}
	return nil
}

// scheduled is when a Pod got its node; zero: not yet.
func scheduled(pod *corev1.Pod) time.Time {
	if c := condition(pod, corev1.PodScheduled, corev1.ConditionTrue); c != nil {
		return jsonTime(c.LastTransitionTime.Time)
	}
	return time.Time{}
}
