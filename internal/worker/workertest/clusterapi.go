package workertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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
		return old.existing(spec)
	}
	c.posts = append(c.posts, spec.Name)
	p := c.add(spec.Name)
	p.event, p.slot, p.attempt, p.origin, p.unlabelled = spec.Event, spec.Slot, spec.Attempt, spec.Event, c.Relabel
	running := p.Observation
	p.Phase, p.Node = worker.PhasePending, ""
	c.notify(p)
	p.Observation = running
	c.notify(p)
	if c.RunTime > 0 {
		time.AfterFunc(c.RunTime, func() { c.Finish(spec.Name, 0) })
	}
	if c.Relabel {
		return p.Ref.UID, fmt.Errorf("%q: admission changed its labels: %w", spec.Name, worker.ErrExists)
	}
	return p.Ref.UID, nil
}

func (p *pod) existing(spec worker.PodSpec) (string, error) {
	if p.stripped || p.event.EventID != spec.Event.EventID || p.slot != spec.Slot || p.attempt != spec.Attempt {
		return "", fmt.Errorf("%q: %w", spec.Name, worker.ErrNameConflict)
	}
	return p.Ref.UID, fmt.Errorf("%q: %w", spec.Name, worker.ErrExists)
}

// Delete is worker.Cluster's. As with the real one, an ended Pod is removed at once, and a running one stops first.
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
		grace = defaultGrace
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
		c.notify(p)
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
	c.notifyGone(p)
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
	case ref.UID == "" && p.stripped:
		return nil, fmt.Errorf("%q: %w", ref.Name, worker.ErrNameConflict)
	}
	seen := p.observation()
	if !p.stripped && p.origin != nil {
		origin := *p.origin
		seen.Origin = &origin
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
			all = append(all, p.observation())
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

// observation is the Pod as its annotations describe it.
func (p *pod) observation() worker.Observation {
	o := p.Observation
	if !p.stripped {
		o.Event, o.Slot, o.Attempt = p.event.EventID, p.slot, p.attempt
	}
	return o
}

func (c *Cluster) notify(p *pod) { c.send(p, p.observation()) }

func (c *Cluster) notifyGone(p *pod) {
	o := p.observation()
	o.Gone = true
	c.send(p, o)
}

func (c *Cluster) send(p *pod, o worker.Observation) {
	if p.unlabelled {
		return
	}
	for w := range c.watches {
		w.events <- o
	}
}
