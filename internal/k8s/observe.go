package k8s

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxUID is far above any UID the API server gives.
const maxUID = 128

// observe reads a Pod. It is not ok when the Pod is not ours: instance, event, slot and attempt must be there and
// make up its very name. Whatever else stands in it may be hostile; what comes out is bounded and clean.
func (o *Options) observe(pod *corev1.Pod) (worker.Observation, bool) {
	seen, ok := o.identify(pod)
	if !ok {
		return worker.Observation{}, false
	}
	seen.Phase = phase(pod.Status.Phase)
	seen.Node = line(pod.Spec.NodeName, maxName)
	if t := pod.DeletionTimestamp; t != nil {
		seen.Deleting = sane(t.Time)
	}
	seen.Created = sane(pod.CreationTimestamp.Time)
	if seen.Phase.Ended() {
		ended(pod, &seen)
	} else {
		alive(pod, &seen)
	}
	return seen, true
}

// maxName is the longest name of anything in Kubernetes.
const maxName = 253

func (o *Options) identify(pod *corev1.Pod) (worker.Observation, bool) {
	notes := pod.Annotations
	id, err := worker.ParseID(notes[keyEventID])
	slot, attempt := number(notes[keyIndex]), number(notes[keyAttempt])
	switch {
	case err != nil, slot < 1, attempt < 1:
	case pod.Labels[keyInstance] != o.Instance:
	case pod.Name != o.Names.Pod(id, slot, attempt):
	case pod.UID == "", len(pod.UID) > maxUID:
	default:
		ref := worker.PodRef{Name: pod.Name, UID: string(pod.UID)}
		return worker.Observation{Ref: ref, Event: id, Slot: slot, Attempt: attempt}, true
	}
	return worker.Observation{}, false
}

// number is 0 for whatever is no number we could have written.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return 0
	}
	return n
}

// phase takes what it does not know, such as Unknown, for running: the Pod may run.
func phase(p corev1.PodPhase) worker.Phase {
	switch p {
	case corev1.PodPending, "":
		return worker.PhasePending
	case corev1.PodSucceeded:
		return worker.PhaseSucceeded
	case corev1.PodFailed:
		return worker.PhaseFailed
	}
	return worker.PhaseRunning
}

// sane keeps times that can be written down: JSON takes no others.
func sane(t time.Time) time.Time {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// alive says why a Pod that has not ended is not getting on, if so.
func alive(pod *corev1.Pod, seen *worker.Observation) {
	if c := condition(pod, corev1.DisruptionTarget, corev1.ConditionTrue); c != nil {
		seen.Disrupted = true
		seen.Reason, seen.Message = word(c.Reason), head(c.Message, maxMessage)
		return
	}
	if seen.Phase != worker.PhasePending {
		return
	}
	if w, kind := waiting(pod); kind != worker.WaitingNone {
		seen.Waiting, seen.Reason, seen.Message = kind, word(w.Reason), head(w.Message, maxMessage)
		return
	}
	if c := condition(pod, corev1.PodScheduled, corev1.ConditionFalse); c != nil {
		seen.Reason, seen.Message = word(c.Reason), head(c.Message, maxMessage)
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
			if k := waitingKinds[w.Reason]; k > kind {
				found, kind = *w, k
			}
		}
	}
	return found, kind
}

// waitingKinds are the reasons that matter. CreateContainerError and its like may heal (a volume comes late, a
// runtime is restarted) or not (no command in the image): they get as long as an image gets to be pulled.
var waitingKinds = map[string]worker.Waiting{
	"ErrImagePull":              worker.WaitingImage,
	"ImagePullBackOff":          worker.WaitingImage,
	"ErrImageNeverPull":         worker.WaitingImage,
	"ImageInspectError":         worker.WaitingImage,
	"RegistryUnavailable":       worker.WaitingImage,
	"SignatureValidationFailed": worker.WaitingImage,
	"CreateContainerError":      worker.WaitingImage,
	"PreCreateHookError":        worker.WaitingImage,
	"PreStartHookError":         worker.WaitingImage,
	"RunContainerError":         worker.WaitingImage,

	"InvalidImageName":           worker.WaitingBroken,
	"CreateContainerConfigError": worker.WaitingBroken,
}
