package pods

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// reasonDeadline is a reason of a Pod, not of a container.
const reasonDeadline = "DeadlineExceeded"

// describeEnded reads how a Pod ended, and whether the infrastructure ended it.
func describeEnded(pod *corev1.Pod, o *worker.Observation) {
	if o.Phase == worker.PhaseSucceeded {
		o.Reason = "Completed"
		describeContainer(lastSucceeded(pod), o)
		return
	}
	describeContainer(firstFailed(pod), o)
	status := &pod.Status
	target := condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue)
	reason, _ := worker.ReasonOf(status.Reason)
	o.Disrupted = target != nil || reason.Disrupted || notAdmitted(pod)
	switch {
	case reasonWord(status.Reason) != "":
		o.Reason, o.Message = reasonWord(status.Reason), text.Head(status.Message, maxMessage)
	case target != nil:
		o.Reason, o.Message = reasonWord(target.Reason), text.Head(target.Message, maxMessage)
	}
	if o.Reason == "" {
		o.Reason = "Error"
	}
}

// describeContainer reads how a container ended.
func describeContainer(t *corev1.ContainerStateTerminated, o *worker.Observation) {
	if t == nil {
		return
	}
	o.ExitCode = new(int(t.ExitCode))
	o.Finished = jsonTime(t.FinishedAt.Time)
	if o.Phase == worker.PhaseFailed { // a success needs no explanation
		o.Reason, o.Message = reasonWord(t.Reason), text.Tail(t.Message, maxMessage)
	}
}

// notAdmitted reports whether the kubelet rejected the Pod (UnexpectedAdmissionError, OutOfcpu, NodeAffinity …): there is a
// reason, and no container ever ran. A deadline that passes before anything runs differs only by its name.
func notAdmitted(pod *corev1.Pod) bool {
	reason := pod.Status.Reason
	if reason == "" || reason == reasonDeadline {
		return false
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			s := &statuses[i]
			if s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil {
				return false
			}
		}
	}
	return true
}

// firstFailed is the container that failed first in time.
func firstFailed(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	var first *corev1.ContainerStateTerminated
	for _, t := range terminated(pod) {
		if t.ExitCode != 0 && (first == nil || t.FinishedAt.Time.Before(first.FinishedAt.Time)) {
			first = t
		}
	}
	return first
}

// lastSucceeded is the container that succeeded last in time.
func lastSucceeded(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	var last *corev1.ContainerStateTerminated
	for _, t := range terminated(pod) {
		if t.ExitCode == 0 && (last == nil || t.FinishedAt.After(last.FinishedAt.Time)) {
			last = t
		}
	}
	return last
}

// terminated lists how the containers ended, without sidecars: those are stopped when the work is done, and their exit codes
// mean nothing.
func terminated(pod *corev1.Pod) []*corev1.ContainerStateTerminated {
	sidecars := make(map[string]bool)
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		sidecars[c.Name] = c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	var all []*corev1.ContainerStateTerminated
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if t := statuses[i].State.Terminated; t != nil && !sidecars[statuses[i].Name] {
				all = append(all, t)
			}
		}
	}
	return all
}
