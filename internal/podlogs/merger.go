package podlogs

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"sync"
	"time"
)

const (
	// DefaultWindow is how long a Merger holds a line back for earlier ones of other containers.
	DefaultWindow = 50 * time.Millisecond
	// startWindow is how long it waits for the first line of each.
	startWindow = time.Second
	maxQueued   = 256 // lines of one container
)

// Merger merges the lines of containers in the order of their times. The lines of one container keep their order, whatever
// their times are.
type Merger struct {
	window time.Duration

	in     chan arrival
	closed chan struct{}
	ended  chan struct{}
	close  sync.Once

	mu     sync.Mutex
	joined []*Input // not yet known to Run
}

// Input is one container's way into a Merger.
type Input struct {
	merger *Merger
	slots  chan struct{}

	queue []queued
	until time.Time // until then its first line is waited for
	seq   int       // 0: Run does not know it yet
}

type queued struct {
	line Line
	at   time.Time
}

type arrival struct {
	input *Input
	line  Line
	end   bool
}

// NewMerger returns a Merger that holds lines back for at most that time; 0: until the order is certain, for what is read
// rather than followed.
func NewMerger(window time.Duration) *Merger {
	return &Merger{window: window, in: make(chan arrival), closed: make(chan struct{}), ended: make(chan struct{})}
}

// Add announces a container, whose lines Pump then brings. It must not be called after Close.
func (m *Merger) Add() *Input {
	in := &Input{merger: m, slots: make(chan struct{}, maxQueued), until: time.Now().Add(startWindow)}
	m.mu.Lock()
	m.joined = append(m.joined, in)
	m.mu.Unlock()
	return in
}

// Close says that no container will be added: Run returns when all have ended.
func (m *Merger) Close() { m.close.Do(func() { close(m.closed) }) }

// Ended reports whether Run has returned, or is about to.
func (m *Merger) Ended() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// Pump brings the lines of a container until they end or Run does, and returns their error.
func (in *Input) Pump(lines iter.Seq2[Line, error]) error {
	for line, err := range lines {
		if err != nil {
			in.send(arrival{input: in, end: true})
			return err
		}
		select {
		case in.slots <- struct{}{}:
		case <-in.merger.ended:
			return nil
		}
		if !in.send(arrival{input: in, line: line}) {
			return nil
		}
	}
	in.send(arrival{input: in, end: true})
	return nil
}

func (in *Input) send(a arrival) bool {
	select {
	case in.merger.in <- a:
		return true
	case <-in.merger.ended:
		return false
	}
}

// Run passes the merged lines to emit, until all containers have ended after Close, emit fails or ctx ends. It is called once.
func (m *Merger) Run(ctx context.Context, emit func(Line) error) error {
	defer close(m.ended)
	r := merging{window: m.window, inputs: make(map[*Input]bool), unstarted: make(map[*Input]bool)}
	closed := m.closed
	for {
		m.mu.Lock()
		r.join(m.joined)
		m.joined = nil
		m.mu.Unlock()
		pause, err := r.flush(time.Now(), emit)
		if err != nil {
			return err
		}
		if closed == nil && len(r.inputs) == 0 && len(r.heads) == 0 {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case a := <-m.in:
			r.take(a, time.Now())
		case <-closed:
			closed = nil // the next pass sees whoever was added before
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// merging is the state of Run.
type merging struct {
	window time.Duration
	inputs map[*Input]bool // that have not ended
	idle   int             // of them: without a line in their queue
	heads  headHeap        // those with a line, ended or not
	seq    int

	unstarted map[*Input]bool // that nothing has come from, while they are waited for
}

func (r *merging) join(added []*Input) {
	for _, in := range added {
		if _, known := r.inputs[in]; !known && in.seq == 0 {
			r.admit(in)
		}
	}
}

func (r *merging) admit(in *Input) {
	r.seq++
	in.seq = r.seq
	r.inputs[in], r.unstarted[in] = true, true
	r.idle++
}

func (r *merging) take(a arrival, now time.Time) {
	in := a.input
	if in.seq == 0 {
		r.admit(in)
	}
	delete(r.unstarted, in)
	if a.end {
		delete(r.inputs, in)
		if len(in.queue) == 0 {
			r.idle--
		}
		return
	}
	if in.queue = append(in.queue, queued{a.line, now}); len(in.queue) == 1 {
		r.idle--
		heap.Push(&r.heads, in)
	}
}

// flush emits what is due, and returns when the next is at the latest.
func (r *merging) flush(now time.Time, emit func(Line) error) (time.Duration, error) {
	for len(r.heads) > 0 {
		in := r.heads[0]
		if wait := r.wait(in.queue[0], now); wait > 0 {
			return wait, nil
		}
		line := in.queue[0].line
		if in.queue = in.queue[1:]; len(in.queue) > 0 {
			heap.Fix(&r.heads, 0)
		} else {
			heap.Pop(&r.heads)
			if r.inputs[in] {
				r.idle++
			}
		}
		<-in.slots
		if err := emit(line); err != nil {
			return 0, err
		}
	}
	return time.Hour, nil
}

// wait is how long the earliest line is to be held back.
func (r *merging) wait(q queued, now time.Time) time.Duration {
	if r.idle == 0 {
		return 0
	}
	if r.window == 0 {
		return time.Hour
	}
	due := q.at.Add(r.window)
	for in := range r.unstarted {
		switch {
		case !in.until.After(now):
			delete(r.unstarted, in)
		case in.until.After(due):
			due = in.until
		}
	}
	return due.Sub(now)
}

// headHeap has the inputs with lines, the earliest first.
type headHeap []*Input

// Len implements heap.Interface.
func (h headHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h headHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	return cmp.Or(a.queue[0].line.Time.Compare(b.queue[0].line.Time), cmp.Compare(a.seq, b.seq)) < 0
}

// Swap implements heap.Interface.
func (h headHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *headHeap) Push(x any) { *h = append(*h, x.(*Input)) }

// Pop implements heap.Interface.
func (h *headHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
