package pods

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Reasons of a Pod, not of a container.
const (
	reasonDeadline = "DeadlineExceeded"
	reasonEvicted  = "Evicted"
)

// The beginnings of the kubelet's messages about a Pod.
const (
	messageRejected     = "Pod was rejected"
	messageNodePressure = "The node was low on resource"
)

// describeEnded reads how a Pod ended, and whether the infrastructure ended it. What the kubelet or the control plane says of
// the Pod goes before what its containers say; else the main container decides, whatever the others did.
func describeEnded(pod *corev1.Pod, c *containers, o *worker.Observation) {
	status, target := &pod.Status, condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue)
	byCode := status.Reason == "" && target == nil
	if end := c.mainEnd(); byCode && end != nil && end.ExitCode == 0 {
		o.Phase = worker.PhaseSucceeded
	}
	deciding := c.deciding(o.Phase == worker.PhaseFailed)
	if deciding != nil {
		c.describeEnd(deciding, o)
	}
	if o.Phase == worker.PhaseSucceeded {
		o.Reason, o.Message = "Completed", c.result(deciding)
		return
	}
	o.EndUnknown = byCode && deciding != nil && madeUp(deciding.State.Terminated)
	o.Rejected = target == nil && rejected(status, c.ran())
	reason, _ := worker.ReasonOf(status.Reason)
	o.Disrupted = target != nil || reason.Disrupted && !o.Rejected && !brokeOwnLimit(status)
	switch {
	case status.Reason != "":
		o.Reason, o.Message = reasonWord(status.Reason), text.Head(status.Message, maxMessage)
	case target != nil:
		o.Reason, o.Message = reasonWord(target.Reason), text.Head(target.Message, maxMessage)
	}
	if o.Reason == "" {
		o.Reason = "Error"
	}
}

// rejected reports whether the kubelet did not admit the Pod (UnexpectedAdmissionError, OutOfcpu, NodeAffinity …). It also does
// that to Pods that ran, or have ended, when it restarts, and then wipes what their containers did. It says so in the message;
// another reason that the table does not have is an older kubelet's if no container ever ran.
func rejected(status *corev1.PodStatus, ran bool) bool {
	reason, known := worker.ReasonOf(status.Reason)
	switch {
	case status.Reason == "", status.Reason == reasonDeadline:
		return false
	case strings.HasPrefix(status.Message, messageRejected), reason.Rejected, strings.HasPrefix(status.Reason, "OutOf"):
		return true
	}
	return !known && !ran
}

// brokeOwnLimit tells an eviction for the Pod's own limits (ephemeral storage, the size of an emptyDir) from one for the
// node's sake, which has a DisruptionTarget, too.
func brokeOwnLimit(status *corev1.PodStatus) bool {
	return status.Reason == reasonEvicted && !strings.HasPrefix(status.Message, messageNodePressure) &&
		strings.Contains(status.Message, "exceed") && strings.Contains(status.Message, "limit")
}
