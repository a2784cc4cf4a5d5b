package k8s

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxUID is far above any UID the API server gives.
const maxUID = 128

// observe reads a Pod. It is not ok when the Pod is not ours: instance, event, slot and attempt must be there and
// make up its very name. Whatever else stands in it may be hostile; what comes out is bounded and clean.
func (o *Options) observe(pod *corev1.Pod) (worker.Observation, bool) {
	seen := worker.Observation{Ref: worker.PodRef{Name: pod.Name, UID: string(pod.UID)}}
	if pod.Labels[keyInstance] != o.Instance || pod.UID == "" || len(pod.UID) > maxUID || !o.identify(pod, &seen) {
		return worker.Observation{}, false
	}
	describe(pod, &seen)
	return seen, true
}

// identify reads whose Pod it is, if its annotations say so and make up its name.
func (o *Options) identify(pod *corev1.Pod, seen *worker.Observation) bool {
	notes := pod.Annotations
	id, err := event.ParseID(notes[keyEventID])
	slot, attempt := number(notes[keyIndex]), number(notes[keyAttempt])
	if err != nil || slot < 1 || attempt < 1 || pod.Name != o.Names.Pod(id, slot, attempt) {
		return false
	}
	seen.Event, seen.Slot, seen.Attempt = id, slot, attempt
	return true
}

// maxName is the longest name of anything in Kubernetes.
const maxName = 253

// describe takes over what the Pod itself says of its state.
func describe(pod *corev1.Pod, seen *worker.Observation) {
	seen.Phase = phase(pod.Status.Phase)
	seen.Node = line(pod.Spec.NodeName, maxName)
	seen.Protected = pod.Annotations[protectedKey] == yes || pod.Labels[protectedKey] == yes
	seen.Created = sane(pod.CreationTimestamp.Time)
	if t := pod.DeletionTimestamp; t != nil {
		seen.Deleting = graceOver(t.Time)
	}
	if seen.Phase.Ended() {
		ended(pod, seen)
	} else {
		alive(pod, seen)
	}
}

// graceOver is the deletion timestamp: the moment of the DELETE plus the grace. It is never zero, or nobody would see
// the deletion; a grace of ten thousand years is cut.
func graceOver(t time.Time) time.Time {
	s := sane(t)
	switch {
	case !s.IsZero():
		return s
	case t.UTC().Year() > 9999:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return time.Unix(0, 0).UTC()
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
