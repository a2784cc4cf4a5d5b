package pods

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	maxUID  = 128 // bytes: far above any UID that the API server gives
	maxName = 253 // bytes of the longest name of anything in Kubernetes
)

// observer reads the Pods of one installation. Whatever is in a Pod may be hostile; an Observation is bounded and clean.
type observer struct {
	instance string
	names    event.Names
}

// observe reads a Pod; not ok: it does not belong to this installation. Instance, event, slot and attempt must be there and
// make up its very name.
func (s *observer) observe(pod *corev1.Pod) (worker.Observation, bool) {
	return s.observeOf(pod, pod.Labels[keyInstance])
}

// observeOwned is observe for a Pod whose labels admission, or somebody, may have changed: its annotations say whose it is.
func (s *observer) observeOwned(pod *corev1.Pod) (worker.Observation, bool) {
	return s.observeOf(pod, pod.Annotations[keyInstance])
}

func (s *observer) observeOf(pod *corev1.Pod, instance string) (worker.Observation, bool) {
	o := worker.Observation{Ref: worker.PodRef{Name: pod.Name, UID: string(pod.UID)}}
	if instance != s.instance || pod.UID == "" || len(pod.UID) > maxUID || !s.identify(pod, &o) {
		return worker.Observation{}, false
	}
	describe(pod, &o)
	return o, true
}

// recognize knows a Pod by the requested UID, whatever its labels and annotations say; without a UID by its annotations.
func (s *observer) recognize(pod *corev1.Pod, ref worker.PodRef) (worker.Observation, bool) {
	if ref.UID == "" {
		return s.observeOwned(pod)
	}
	o := worker.Observation{Ref: ref}
	s.identify(pod, &o) // the zero values mean that the annotations no longer identify the worker
	describe(pod, &o)
	return o, true
}

// identify reads which worker's Pod it is, if its annotations say so and make up its name.
func (s *observer) identify(pod *corev1.Pod, o *worker.Observation) bool {
	id, err := event.ParseID(pod.Annotations[keyEventID])
	slot, attempt := number(pod.Annotations[keyIndex]), number(pod.Annotations[keyAttempt])
	if err != nil || slot < 1 || attempt < 1 || pod.Name != s.names.Pod(id, slot, attempt) {
		return false
	}
	o.Event, o.Slot, o.Attempt = id, slot, attempt
	return true
}

// describe reads the Pod's state.
func describe(pod *corev1.Pod, o *worker.Observation) {
	c := sortContainers(pod)
	o.Phase, o.Ran, o.Scheduled = phase(pod.Status.Phase), c.ran(), scheduled(pod)
	if o.Phase == worker.PhasePending && c.mainStarted() { // the kubelet calls it pending while another container waits
		o.Phase = worker.PhaseRunning
	}
	o.Node = text.Line(pod.Spec.NodeName, maxName)
	o.Protected = pod.Annotations[templates.ProtectedKey] == templates.Protected || pod.Labels[templates.ProtectedKey] == templates.Protected
	o.Created, o.Started = jsonTime(pod.CreationTimestamp.Time), c.mainStart()
	if t := pod.DeletionTimestamp; t != nil {
		o.Deleting = deletionTime(t.Time)
	}
	if o.Phase.Ended() {
		describeEnded(pod, &c, o)
	} else {
		describeActive(pod, &c, o)
	}
}

// deletionTime is the moment of the DELETE plus the grace. It is never zero, or the deletion would not be seen; a grace of
// ten thousand years is cut.
func deletionTime(t time.Time) time.Time {
	valid := jsonTime(t)
	switch {
	case !valid.IsZero():
		return valid
	case t.UTC().Year() > 9999:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return time.Unix(0, 0).UTC()
}

// jsonTime is zero for a time that JSON cannot represent.
func jsonTime(t time.Time) time.Time {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// number is 0 for whatever is not written as this package writes numbers.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return 0
	}
	return n
}

// phase takes an unknown one, such as Unknown, for running: the Pod may run.
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
