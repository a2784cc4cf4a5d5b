package podlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxPod is more bytes than any Pod has.
const maxPod = 8 << 20

// podJSON is the part of a Pod that is read.
type podJSON struct {
	Metadata struct {
		Name, UID, ResourceVersion string
		DeletionTimestamp          *time.Time
	}
	Spec struct {
		RestartPolicy                                   string
		Containers, InitContainers, EphemeralContainers []containerJSON
	}
	Status struct {
		Phase, Reason, Message                                               string
		ContainerStatuses, InitContainerStatuses, EphemeralContainerStatuses []statusJSON
	}
}

type containerJSON struct{ Name, RestartPolicy string }

type statusJSON struct {
	Name         string
	RestartCount int
	State        struct {
		Running, Terminated *struct{}
	}
}

// containerState is how a container stands.
type containerState struct {
	gone     bool // the Pod is
	over     bool // it has ended, or will never start, and will not be started again
	ran      bool
	running  bool
	restarts int
	why      string // of an ended Pod: what the kubelet says about it
}

// stateOf reads the state of a container.
func (p *podJSON) stateOf(container string) containerState {
	ended := p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed"
	s := containerState{over: ended}
	if p.Status.Reason != "" {
		s.why = text.Line(p.Status.Reason+": "+p.Status.Message, maxMessage)
	}
	all := slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses, p.Status.EphemeralContainerStatuses)
	i := slices.IndexFunc(all, func(c statusJSON) bool { return c.Name == container })
	if i < 0 {
		return s
	}
	c := all[i]
	s.restarts = c.RestartCount
	s.running = c.State.Running != nil && !ended
	s.ran = s.running || c.State.Terminated != nil || c.RestartCount > 0
	s.over = ended || c.State.Terminated != nil && (!p.restarts(container) || p.Metadata.DeletionTimestamp != nil)
	return s
}

// restarts reports whether a container that ends may be started again.
func (p *podJSON) restarts(container string) bool {
	policy := p.Spec.RestartPolicy
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		if c.Name == container && c.RestartPolicy != "" {
			policy = c.RestartPolicy
		}
	}
	return policy != "Never"
}

// observe asks for the state of a container. The error is a PermissionError, or it may pass.
func (c *conn) observe(ctx context.Context, t Target) (containerState, error) {
	ctx, cancel := context.WithTimeout(ctx, k8s.CallTimeout)
	defer cancel()
	res, err := c.get(ctx, nil, "namespaces", t.Namespace, "pods", t.Pod)
	if err != nil {
		return containerState{}, err
	}
	defer func() { _ = res.Body.Close() }()
	switch what, message := classify(res); what {
	case answerOK:
	case answerGone:
		return containerState{gone: true}, nil
	case answerForbidden:
		return containerState{}, &PermissionError{"get pods -n " + t.Namespace, message}
	default:
		return containerState{}, errors.New(message)
	}
	pod, err := decodePod(res)
	switch {
	case err != nil:
		return containerState{}, err
	case t.UID != "" && pod.Metadata.UID != t.UID:
		return containerState{gone: true}, nil
	}
	return pod.stateOf(t.Container), nil
}

func decodePod(res *http.Response) (*podJSON, error) {
	pod := new(podJSON)
	if err := json.NewDecoder(io.LimitReader(res.Body, maxPod)).Decode(pod); err != nil {
		return nil, fmt.Errorf("reading a Pod: %w", err)
	}
	return pod, nil
}
