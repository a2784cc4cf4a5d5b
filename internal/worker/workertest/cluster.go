package workertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Cluster is an API server with a kubelet whose Pods run for as long as the test says.
type Cluster struct {
	// RunTime is how long a Pod runs before it succeeds; 0: until the test calls Finish. Set it before use.
	RunTime time.Duration

	mu      sync.Mutex
	pods    map[string]*worker.Observation
	uids    int
	posts   []string
	deletes []string
	fail    func(worker.PodSpec) error
	watches map[*watch]struct{}
}

type watch struct{ events chan worker.Observation }

// NewCluster returns an empty one.
func NewCluster() *Cluster {
	return &Cluster{pods: make(map[string]*worker.Observation), watches: make(map[*watch]struct{})}
}

// FailCreate makes creates fail with what f returns; a nil error lets one through.
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

// Deletes returns the names of all Pods deleted, in order.
func (c *Cluster) Deletes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.deletes)
}

// Pods returns how many Pods there are.
func (c *Cluster) Pods() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pods)
}

// Finish ends a Pod with an exit code.
func (c *Cluster) Finish(name string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[name]
	if p == nil || p.Phase.Ended() {
		return
	}
	p.Phase, p.ExitCode, p.Finished = worker.PhaseSucceeded, &code, time.Now()
	if code != 0 {
		p.Phase, p.Reason = worker.PhaseFailed, "Error"
	}
	c.tell(*p)
}

// Create is worker.Cluster's.
func (c *Cluster) Create(_ context.Context, p worker.PodSpec) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		if err := c.fail(p); err != nil {
			return "", err
		}
	}
	if old := c.pods[p.Name]; old != nil {
		return old.Ref.UID, fmt.Errorf("%q: %w", p.Name, worker.ErrExists)
	}
	c.uids++
	c.posts = append(c.posts, p.Name)
	c.pods[p.Name] = &worker.Observation{
		Ref: worker.PodRef{Name: p.Name, UID: fmt.Sprintf("uid-%d", c.uids)}, Event: p.Event.EventID, Slot: p.Slot,
		Attempt: p.Attempt, Phase: worker.PhaseRunning, Node: "node-1", Created: time.Now(),
	}
	c.tell(*c.pods[p.Name])
	if c.RunTime > 0 {
		time.AfterFunc(c.RunTime, func() { c.Finish(p.Name, 0) })
	}
	return c.pods[p.Name].Ref.UID, nil
}

// Delete is worker.Cluster's.
func (c *Cluster) Delete(_ context.Context, ref worker.PodRef, _ time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[ref.Name]
	if p == nil || p.Ref != ref {
		return worker.ErrGone
	}
	delete(c.pods, ref.Name)
	c.deletes = append(c.deletes, ref.Name)
	gone := *p
	gone.Gone = true
	c.tell(gone)
	return nil
}

// Look is worker.Cluster's.
func (c *Cluster) Look(_ context.Context, ref worker.PodRef) (*worker.Observation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[ref.Name]
	if p == nil || ref.UID != "" && p.Ref.UID != ref.UID {
		return nil, nil
	}
	seen := *p
	return &seen, nil
}

// Watch is worker.Cluster's.
func (c *Cluster) Watch(ctx context.Context, each func([]worker.Observation, bool)) error {
	w := &watch{events: make(chan worker.Observation, 10_000)}
	c.mu.Lock()
	c.watches[w] = struct{}{}
	var all []worker.Observation
	for _, p := range c.pods {
		all = append(all, *p)
	}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.watches, w)
		c.mu.Unlock()
	}()
	each(all, true)
	for {
		select {
		case o := <-w.events:
			each([]worker.Observation{o}, false)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Cluster) tell(o worker.Observation) {
	for w := range c.watches {
		w.events <- o
	}
}
