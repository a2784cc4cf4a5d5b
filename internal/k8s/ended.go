package k8s

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Reasons of a Pod, not of a container.
const reasonDeadline = "DeadlineExceeded"

// byInfrastructure are the reasons the kubelet gives a Pod it ended for the node's sake. `Terminated` is a node
// shutdown's.
var byInfrastructure = map[string]bool{
	"Evicted": true, "Preempting": true, "NodeShutdown": true, "Terminated": true, "NodeLost": true,
}

// ended says how a Pod ended, and whether the infrastructure ended it.
func ended(pod *corev1.Pod, seen *worker.Observation) {
	if seen.Phase == worker.PhaseSucceeded {
		seen.Reason = "Completed"
		container(last(pod), seen)
		return
	}
	container(firstFailed(pod), seen)
	status := &pod.Status
	target := condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue)
	seen.Disrupted = target != nil || byInfrastructure[status.Reason] || notAdmitted(pod)
	switch {
	case word(status.Reason) != "":
		seen.Reason, seen.Message = word(status.Reason), head(status.Message, maxMessage)
	case target != nil:
		seen.Reason, seen.Message = word(target.Reason), head(target.Message, maxMessage)
	}
	if seen.Reason == "" {
		seen.Reason = "Error"
	}
}

// container takes over how a container ended.
func container(t *corev1.ContainerStateTerminated, seen *worker.Observation) {
	if t == nil {
		return
	}
	seen.ExitCode = new(int(t.ExitCode))
	seen.Finished = sane(t.FinishedAt.Time)
	if seen.Phase == worker.PhaseFailed { // of a success there is nothing to explain
		seen.Reason, seen.Message = word(t.Reason), tail(t.Message, maxMessage)
	}
}

// notAdmitted reports whether the kubelet turned the Pod away (UnexpectedAdmissionError, OutOfcpu, NodeAffinity …):
// it says why, and no container ever ran. A deadline that passes before anything runs looks the same but for its name.
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

// last is the container that ended last.
func last(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	var last *corev1.ContainerStateTerminated
	for _, t := range terminated(pod) {
		if t.ExitCode == 0 && (last == nil || t.FinishedAt.After(last.FinishedAt.Time)) {
			last = t
		}
	}
	return last
}

// terminated lists how the containers ended, without sidecars: those are stopped when the work is done, and how they
// take it is of no interest.
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
