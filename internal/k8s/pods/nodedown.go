package pods

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// nodeDown is since when the Pod's node is not ready, if the Pod tolerates that for ever; else Kubernetes deletes it by itself.
// Zero: the node is ready, as far as the Pod shows. No permission on nodes is needed: the node lifecycle controller sets the
// Pod's condition Ready to False and leaves ContainersReady True, which a kubelet does for readiness gates only, and says so.
func nodeDown(pod *corev1.Pod) time.Time {
	ready := condition(pod, corev1.PodReady, corev1.ConditionFalse)
	if ready == nil || ready.Reason == "ReadinessGatesNotReady" || condition(pod, corev1.ContainersReady, corev1.ConditionTrue) == nil ||
		!toleratesForEver(pod, corev1.TaintNodeUnreachable) || !toleratesForEver(pod, corev1.TaintNodeNotReady) {
		return time.Time{}
	}
	return jsonTime(ready.LastTransitionTime.Time)
}

func toleratesForEver(pod *corev1.Pod, taint string) bool {
	for i := range pod.Spec.Tolerations {
		t := &pod.Spec.Tolerations[i]
		exists := t.Operator == corev1.TolerationOpExists
		named := t.Key == taint && (exists || t.Value == "") // these taints have no value
		noExecute := t.Effect == "" || t.Effect == corev1.TaintEffectNoExecute
		if (named || t.Key == "" && exists) && noExecute && t.TolerationSeconds == nil {
			return true
		}
	}
	return false
}
