package workertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// ownGrace is what a Pod has to stop in when nobody says otherwise.
const ownGrace = 30 * time.Second

// Cluster is an API server with a kubelet whose Pods run for as long as the test says.
type Cluster struct {
	// RunTime is how long a Pod runs before it succeeds; 0: until the test calls Finish. Set it before use.
	RunTime time.Duration
	// StopTime is how long a running Pod takes to stop after a DELETE, if its grace is not shorter: it fails, and then it
	// is gone. Set it before use.
	StopTime time.Duration

	mu      sync.Mutex
	pods    map[string]*pod
	uids    int
	posts   []string
	deletes []string
	fail    func(worker.PodSpec) error
	watches map[*watch]struct{}
}

// pod is a Pod as the API server has it.
type pod struct {
	worker.Observation // without what its annotations say
	event              *event.Event
	origin             *event.Event // what its annotation says of its event
	slot, attempt      int
	unlabelled         bool // not ours by its labels: the watch does not show it
	stripped           bool // nor by its annotations
}

type watch struct{ events chan worker.Observation }

// NewCluster returns an empty one.
func NewCluster() *Cluster {
	return &Cluster{StopTime: time.Second, pods: make(map[string]*pod), watches: make(map[*watch]struct{})}
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

// Deletes returns the names of all Pods whose DELETE found them, in order.
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
	c.tell(p)
}

// Occupy makes a Pod of that name that is nobody's.
func (c *Cluster) Occupy(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(name).unlabelled, c.pods[name].stripped = true, true
}

// Unlabel takes off a Pod's labels, as anybody may: the watch takes it for gone.
func (c *Cluster) Unlabel(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[name]
	c.tellGone(p)
	p.unlabelled = true
}

// Strip takes off a Pod's labels and annotations.
func (c *Cluster) Strip(name string) {
	c.Unlabel(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods[name].stripped = true
}

// Annotate rewrites what a Pod's annotation says of its event, as anybody may.
func (c *Cluster) Annotate(name string, origin *event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pods[name].origin = origin
}

// Create is worker.Cluster's.
func (c *Cluster) Create(ctx context.Context, spec worker.PodSpec) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return "", fmt.Errorf("%q: %w: %w", spec.Name, worker.ErrUnknown, ctx.Err())
	}
	if c.fail != nil {
		if err := c.fail(spec); err != nil {
			return "", err
		}
	}
	if old := c.pods[spec.Name]; old != nil {
		return old.holds(spec)
	}
	c.posts = append(c.posts, spec.Name)
	p := c.add(spec.Name)
	p.event, p.slot, p.attempt, p.origin = spec.Event, spec.Slot, spec.Attempt, spec.Event
	running := p.Observation
	p.Phase, p.Node = worker.PhasePending, ""
	c.tell(p)
	p.Observation = running
	c.tell(p)
	if c.RunTime > 0 {
		time.AfterFunc(c.RunTime, func() { c.Finish(spec.Name, 0) })
	}
	return p.Ref.UID, nil
}

func (p *pod) holds(spec worker.PodSpec) (string, error) {
	if p.unlabelled || p.stripped || p.event.EventID != spec.Event.EventID || p.slot != spec.Slot || p.attempt != spec.Attempt {
		return "", fmt.Errorf("%q: %w", spec.Name, worker.ErrNameConflict)
	}
	return p.Ref.UID, fmt.Errorf("%q: %w", spec.Name, worker.ErrExists)
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

// Delete is worker.Cluster's. As with the real one, a Pod that has ended goes at once, and one that runs stops first.
func (c *Cluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[ref.Name]
	switch {
	case ref.UID == "":
		return errors.New("a DELETE without a UID")
	case ctx.Err() != nil:
		return fmt.Errorf("%q: %w: %w", ref.Name, worker.ErrUnknown, ctx.Err())
	case p == nil, p.Ref != ref:
		return fmt.Errorf("%q: %w", ref.Name, worker.ErrGone)
	}
	c.deletes = append(c.deletes, ref.Name)
	if grace < 0 {
		grace = ownGrace
	}
	if p.Phase.Ended() || grace == 0 {
		c.remove(p)
		return nil
	}
	c.terminate(p, grace)
	return nil
}

func (c *Cluster) terminate(p *pod, grace time.Duration) {
	if over := time.Now().Add(grace).UTC(); p.Deleting.IsZero() || over.Before(p.Deleting) {
		p.Deleting = over
		c.tell(p)
	}
	takes, code := c.StopTime, 143
	if grace < takes {
		takes, code = grace, 137
	}
	time.AfterFunc(takes, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.pods[p.Ref.Name] == p {
			c.finish(p, code)
			c.remove(p)
		}
	})
}

func (c *Cluster) remove(p *pod) {
	delete(c.pods, p.Ref.Name)
	c.tellGone(p)
}

// Get is worker.Cluster's.
func (c *Cluster) Get(ctx context.Context, ref worker.PodRef) (*worker.Observation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[ref.Name]
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%q: %w: %w", ref.Name, worker.ErrUnknown, ctx.Err())
	case p == nil, ref.UID != "" && p.Ref != ref:
		return nil, nil
	case ref.UID == "" && (p.unlabelled || p.stripped):
		return nil, fmt.Errorf("%q: %w", ref.Name, worker.ErrNameConflict)
	}
	seen := p.seen()
	if !p.stripped && p.origin != nil {
		event := *p.origin
		seen.Origin = &event
	}
	return &seen, nil
}

// Watch is worker.Cluster's.
func (c *Cluster) Watch(ctx context.Context, each func([]worker.Observation, bool)) error {
	w := &watch{events: make(chan worker.Observation, 10_000)}
	c.mu.Lock()
	c.watches[w] = struct{}{}
	var all []worker.Observation
	for _, p := range c.pods {
		if !p.unlabelled {
			all = append(all, p.seen())
		}
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

// seen is the Pod as it says of itself.
func (p *pod) seen() worker.Observation {
	o := p.Observation
	if !p.stripped {
		o.Event, o.Slot, o.Attempt = p.event.EventID, p.slot, p.attempt
	}
	return o
}

func (c *Cluster) tell(p *pod) { c.spread(p, p.seen()) }

func (c *Cluster) tellGone(p *pod) {
	o := p.seen()
	o.Gone = true
	c.spread(p, o)
}

func (c *Cluster) spread(p *pod, o worker.Observation) {
	if p.unlabelled {
		return
	}
	for w := range c.watches {
		w.events <- o
	}
}
