package pods

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const maxContainer = 63 // bytes of the longest name of a container

// containers are the statuses of a Pod's containers, by what they mean to its worker.
type containers struct {
	main     *corev1.ContainerStatus   // whose end is the worker's; nil: none is named, or it has no status
	inits    []*corev1.ContainerStatus // that run before it, one after the other
	regular  []*corev1.ContainerStatus // the main one among them
	sidecars []*corev1.ContainerStatus // are stopped when the work is done: their exit codes mean nothing
}

// sortContainers finds the main container by the Pod's annotation, which is set on every Pod. Where it was edited away, a
// single container is it.
func sortContainers(pod *corev1.Pod) containers {
	var c containers
	isSidecar := make(map[string]bool, len(pod.Spec.InitContainers))
	for i := range pod.Spec.InitContainers {
		s := &pod.Spec.InitContainers[i]
		isSidecar[s.Name] = s.RestartPolicy != nil && *s.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	for i := range pod.Status.InitContainerStatuses {
		s := &pod.Status.InitContainerStatuses[i]
		if isSidecar[s.Name] {
			c.sidecars = append(c.sidecars, s)
		} else {
			c.inits = append(c.inits, s)
		}
	}
	name := pod.Annotations[templates.MainKey]
	for i := range pod.Status.ContainerStatuses {
		s := &pod.Status.ContainerStatuses[i]
		c.regular = append(c.regular, s)
		if s.Name == name || len(pod.Status.ContainerStatuses) == 1 {
			c.main = s
		}
	}
	return c
}

// all lists those that run before the main container, then the regular ones, then the sidecars.
func (c *containers) all(each func(*corev1.ContainerStatus) bool) {
	for _, list := range [][]*corev1.ContainerStatus{c.inits, c.regular, c.sidecars} {
		for _, s := range list {
			if !each(s) {
				return
			}
		}
	}
}

// ran reports whether any of them runs or ran.
func (c *containers) ran() bool {
	for s := range c.all {
		if s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil {
			return true
		}
	}
	return false
}

// mainStarted reports whether the main container runs or has ended.
func (c *containers) mainStarted() bool {
	return c.main != nil && (c.main.State.Running != nil || c.main.State.Terminated != nil)
}

// mainEnd is how the main container ended; nil: it has not.
func (c *containers) mainEnd() *corev1.ContainerStateTerminated {
	if c.main == nil {
		return nil
	}
	return c.main.State.Terminated
}

// othersGoOn reports whether a regular container beside the main one has not ended, so that the Pod would not. Sidecars are
// stopped by the kubelet; it takes a moment until it calls a Pod ended whose containers are.
func (c *containers) othersGoOn() bool {
	for _, s := range c.regular {
		if s != c.main && s.State.Terminated == nil {
			return true
		}
	}
	return false
}

// deciding is the container that says how a Pod ended: the main one, else of a failed Pod the first one that failed, of
// another the last one that succeeded. A code that the node made up says nothing as long as there is another. nil: none ended.
func (c *containers) deciding(failed bool) *corev1.ContainerStatus {
	if c.mainEnd() != nil {
		return c.main
	}
	var found *corev1.ContainerStatus
	for _, list := range [][]*corev1.ContainerStatus{c.inits, c.regular} {
		for _, s := range list {
			t := s.State.Terminated
			if t == nil || failed != (t.ExitCode != 0) {
				continue
			}
			if found == nil || decidesBefore(t, found.State.Terminated, failed) {
				found = s
			}
		}
	}
	return found
}

func decidesBefore(a, b *corev1.ContainerStateTerminated, failed bool) bool {
	if madeUp(a) != madeUp(b) {
		return madeUp(b)
	}
	if failed {
		return a.FinishedAt.Time.Before(b.FinishedAt.Time)
	}
	return a.FinishedAt.After(b.FinishedAt.Time)
}

// madeUp reports whether the node made a container's end up: after a restart of the node or its runtime nobody knows it.
func madeUp(t *corev1.ContainerStateTerminated) bool {
	r, _ := worker.ReasonOf(t.Reason)
	return r.Unknown
}

// describeEnd reads how a container ended. Where it is not the main one the message names it.
func (c *containers) describeEnd(s *corev1.ContainerStatus, o *worker.Observation) {
	t, name := s.State.Terminated, text.Line(s.Name, maxContainer)
	o.Started, o.Finished, o.Reason = jsonTime(t.StartedAt.Time), jsonTime(t.FinishedAt.Time), reasonWord(t.Reason)
	o.Message = text.Tail(t.Message, maxMessage)
	if madeUp(t) {
		o.Message = text.Head(fmt.Sprintf("nobody saw how container %q ended: its exit code %d is the node's, which restarted or lost it. %s",
			name, t.ExitCode, t.Message), maxMessage)
		return
	}
	o.Container, o.ExitCode = name, new(int(t.ExitCode))
	if s != c.main && len(c.inits)+len(c.regular)+len(c.sidecars) > 1 {
		o.Message = text.Head(strings.TrimSuffix(fmt.Sprintf("container %q: %s", name, o.Message), ": "), maxMessage)
	}
}

// mainStart is when the main container started, if it runs; zero: it does not.
func (c *containers) mainStart() time.Time {
	if c.main == nil || c.main.State.Running == nil {
		return time.Time{}
	}
	return jsonTime(c.main.State.Running.StartedAt.Time)
}

// result is what a success says: what the container that decided wrote as its termination message, else what the others did.
func (c *containers) result(deciding *corev1.ContainerStatus) string {
	if deciding != nil {
		if said := text.Head(deciding.State.Terminated.Message, worker.MaxResult); said != "" {
			return said
		}
	}
	return c.others()
}

// others says of the regular containers beside the main one what a success does not: that they run on, or have failed.
func (c *containers) others() string {
	var notes []string
	for _, s := range c.regular {
		t := s.State.Terminated
		switch {
		case s == c.main:
		case s.State.Running != nil:
			notes = append(notes, fmt.Sprintf("container %q still ran", s.Name))
		case t != nil && t.ExitCode != 0:
			notes = append(notes, fmt.Sprintf("container %q ended with %d (%s)", s.Name, t.ExitCode, t.Reason))
		}
	}
	return text.Head(strings.Join(notes, "; "), maxMessage)
}
