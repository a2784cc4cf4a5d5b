package workertest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// defaultGrace is the grace period of a Pod whose DELETE gives none.
const defaultGrace = 30 * time.Second

// Cluster is an in-memory API server and kubelet. Tests decide how long its Pods run.
type Cluster struct {
	// RunTime is how long a Pod runs before it succeeds; 0: until the test calls Finish. Set it before use.
	RunTime time.Duration
	// StopTime is how long a running Pod takes to stop after a DELETE, if its grace is not shorter: it fails, and then it
	// is gone. Set it before use.
	StopTime time.Duration
	// Relabel is admission that changes the labels of every new Pod, so that no watch shows it. Set it before use.
	Relabel bool

	mu      sync.Mutex
	pods    map[string]*pod
	uids    int
	posts   []string
	deletes []string
	fail    func(worker.PodSpec) error
	watches map[*watch]struct{}
}

// pod is a Pod as the API server stores it.
type pod struct {
	worker.Observation // without Event, Slot and Attempt
	event              *event.Event
	origin             *event.Event // the event in its annotation
	slot, attempt      int
	unlabelled         bool // the watch does not show it
	stripped           bool // it has no annotations either
}

type watch struct{ events chan worker.Observation }

// NewCluster returns an empty Cluster.
func NewCluster() *Cluster {
	return &Cluster{StopTime: time.Second, pods: make(map[string]*pod), watches: make(map[*watch]struct{})}
}

// FailCreate makes creates fail with what f returns; with a nil error one proceeds.
func (c *Cluster) FailCreate(f func(worker.PodSpec) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = f
}

// Posts returns the names of all Pods created, in order.
func (c *Cluster) Posts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.posts)
}

// Deletes returns the names of all Pods whose DELETE found them, in order.
func (c *Cluster) Deletes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.deletes)
}

// Pods returns the number of Pods.
func (c *Cluster) Pods() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pods)
}

// Finish ends a Pod with an exit code.
func (c *Cluster) Finish(name string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pods[name]; p != nil {
		c.finish(p, code)
	}
}

func (c *Cluster) finish(p *pod, code int) {
	if p.Phase.Ended() {
		return
	}
	p.Phase, p.Reason, p.ExitCode, p.Finished = worker.PhaseSucceeded, "Completed", &code, time.Now()
	if code != 0 {
		p.Phase, p.Reason = worker.PhaseFailed, "Error"
	}
	c.notify(p)
}

// Occupy creates a Pod of that name that belongs to another owner.
func (c *Cluster) Occupy(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(name).unlabelled, c.pods[name].stripped = true, true
}

// Unlabel removes a Pod's labels, as users may: the watch shows it as gone.
func (c *Cluster) Unlabel(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[name]
	c.notifyGone(p)
	p.unlabelled = true
}

// Strip removes a Pod's labels and annotations.
func (c *Cluster) Strip(name string) {
	c.Unlabel(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods[name].stripped = true
}

// Annotate rewrites the event in a Pod's annotation, as users may.
func (c *Cluster) Annotate(name string, origin *event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods[name].origin = origin
}

func (c *Cluster) add(name string) *pod {
	c.uids++
	p := &pod{Observation: worker.Observation{
		Ref:   worker.PodRef{Name: name, UID: fmt.Sprintf("uid-%d", c.uids)},
		Phase: worker.PhaseRunning, Node: "node-1", Created: time.Now(),
	}}
	c.pods[name] = p
	return p
}
