package pods

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// describeActive reads why a Pod that has not ended makes no progress, if so.
func describeActive(pod *corev1.Pod, o *worker.Observation) {
	if c := condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue); c != nil {
		o.Disrupted = true
		o.Reason, o.Message = reasonWord(c.Reason), text.Head(c.Message, maxMessage)
		return
	}
	if o.Phase != worker.PhasePending {
		return
	}
	if w, kind := waiting(pod); kind != worker.WaitingNone {
		o.Waiting, o.Reason, o.Message = kind, reasonWord(w.Reason), text.Head(w.Message, maxMessage)
		return
	}
	if c := condition(pod, corev1.PodScheduled, corev1.ConditionFalse); c != nil {
		o.Reason, o.Message = reasonWord(c.Reason), text.Head(c.Message, maxMessage)
	}
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == kind && c.Status == status {
			return c
		}
	}
	return nil
}

// waiting finds the container that will never start, else one whose start fails for now.
func waiting(pod *corev1.Pod) (corev1.ContainerStateWaiting, worker.Waiting) {
	var found corev1.ContainerStateWaiting
	kind := worker.WaitingNone
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			w := statuses[i].State.Waiting
			if w == nil {
				continue
			}
			if r, _ := worker.ReasonOf(w.Reason); r.Waiting > kind {
				found, kind = *w, r.Waiting
			}
		}
	}
	return found, kind
}
