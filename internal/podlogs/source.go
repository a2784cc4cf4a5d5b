package podlogs

import (
	"context"
	"sync"
)

// minShare is what each container may keep, however many there are.
const minShare = 64 << 10

// source is one container that is followed, and the newest of what it printed.
type source struct {
	from   From
	limit  func() int // bytes that it may keep
	cancel context.CancelFunc
	done   chan struct{} // closed when the follower has ended

	viewers int // guarded by the Client's mu

	mu      sync.Mutex
	ring    []entry
	first   uint64 // number of the oldest entry in ring
	bytes   int
	ended   bool
	err     error
	changed chan struct{} // closed with the next change; nil: nobody waits
}

// attach returns the source of a container, which begins with its first viewer, as that one wants; detach must follow.
func (c *Client) attach(t Target, from From) (s *source, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sources[t]; s != nil {
		s.viewers++
		return s, false
	}
	ctx, cancel := context.WithCancel(context.Background())
	s = &source{from: from, limit: c.share, cancel: cancel, done: make(chan struct{}), viewers: 1}
	c.sources[t] = s
	c.active.Add(1)
	go func() {
		defer close(s.done)
		s.end(c.newFollower(t, from, false, s.append).run(ctx))
	}()
	return s, true
}

// detach ends a source with its last viewer.
func (c *Client) detach(t Target, s *source) {
	c.mu.Lock()
	s.viewers--
	last := s.viewers == 0
	if last {
		delete(c.sources, t)
		c.active.Add(-1)
	}
	c.mu.Unlock()
	if last {
		s.cancel()
		<-s.done
	}
}

// share is how many bytes each source may keep.
func (c *Client) share() int {
	return max(minShare, min(c.buffer, c.totalBuffer/int(max(1, c.active.Load()))))
}

// append never waits for a viewer.
func (s *source) append(e entry) error {
	limit := s.limit()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring = append(s.ring, e)
	s.bytes += e.size()
	n := 0
	for ; s.bytes > limit && n < len(s.ring)-1; n++ {
		s.bytes -= s.ring[n].size()
		s.ring[n] = entry{} // the array behind the ring keeps nothing alive
	}
	s.ring = s.ring[n:]
	s.first += uint64(n)
	s.wake()
	return nil
}

func (s *source) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.err = true, err
	s.wake()
}

func (s *source) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// covers reports whether the ring has all that a viewer wants that comes now, and from which entry on.
func (s *source) covers(from From) (next uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	complete := s.first == 0 && s.from.start() // from the start of the log
	switch {
	case from.Tail != nil:
		return s.lastLines(*from.Tail, complete)
	case complete:
		return 0, true
	}
	return 0, false
}

// lastLines returns the entry that begins the nth line from the end.
func (s *source) lastLines(n int, complete bool) (next uint64, ok bool) {
	i := len(s.ring)
	for ; i > 0 && n > 0; i-- {
		if e := &s.ring[i-1]; e.first && e.marker == "" {
			n--
		}
	}
	//nolint:gosec // i is an index
	return s.first + uint64(i), n == 0 && i < len(s.ring) || complete
}

// newest is the number of the entry that comes next.
func (s *source) newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first + uint64(len(s.ring))
}

// oldest is the number of the oldest entry that is kept.
func (s *source) oldest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// maxBatch bounds what a viewer takes at once.
const maxBatch = 256

// wait returns entries from next on, and the number of the first of them, which is higher if that one is no longer kept.
// Without any, the source has ended.
func (s *source) wait(ctx context.Context, next uint64) (batch []entry, number uint64, err error) {
	for {
		s.mu.Lock()
		number = max(next, s.first)
		if i := int(number - s.first); i < len(s.ring) { //nolint:gosec // number is at least first, and the ring is short
			batch = append(batch, s.ring[i:min(len(s.ring), i+maxBatch)]...)
			s.mu.Unlock()
			return batch, number, nil
		}
		if s.ended {
			s.mu.Unlock()
			return nil, number, s.err
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, number, ctx.Err()
		}
	}
}
