package queue

import (
	"hash/maphash"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Ref is an open event of a Scheduler, from Add to Remove; 0: none. Later it may be another event's.
type Ref int32

// entry is an open event. A hundred thousand wait, so it is small; what few events have is in more.
type entry struct {
	id       event.ID
	accepted int64  // Unix ms
	packed   string // its fields; empty: it is tracked by the core
	lane     *lane
	more     *more // nil: it waits packed and has nothing of it
	task     uint32
	slots    int32 // that may start now

	nextID             Ref // of the same bucket
	nextTask, prevTask Ref
	older, newer       Ref   // packed ones of its queue, by ID
	pos                int32 // among the events of its lane that may start
	priority           int8
}

// more is what an event has once it is more than plain and waiting.
type more struct {
	task        string // of a tracked event
	live        int32  // places it holds
	maxParallel int32  // 0: none
	refusals    int32
	refusedAt   int64   // Unix ms; 0: never
	startBy     int64   // Unix ms; 0: no deadline
	back        instant // set aside until then; 0: it is not

	beganPos, asidePos, deadlinePos int32
}

// rare returns what a plain event does not have, made when it is asked for first.
func (e *entry) rare() *more {
	if e.more == nil {
		e.more = &more{}
	}
	return e.more
}

func (e *entry) live() int32 {
	if e.more == nil {
		return 0
	}
	return e.more.live
}

func (e *entry) isAside() bool { return e.more != nil && e.more.back != 0 }

// startable reports whether a slot of it may start as far as the event is concerned.
func (e *entry) startable() bool {
	return e.slots > 0 && !e.isAside() && (e.more == nil || e.more.maxParallel == 0 || e.more.live < e.more.maxParallel)
}

// chunk is how many entries are allocated at once: an arena that grew by doubling would need thrice its size meanwhile.
const chunk = 1024

// arena holds entries. The first Ref is 1.
type arena struct {
	chunks [][]entry
	free   Ref // chained by nextID
	used   Ref
}

func (a *arena) at(r Ref) *entry { return &a.chunks[r/chunk][r%chunk] }

func (a *arena) add() Ref {
	if r := a.free; r != 0 {
		a.free = a.at(r).nextID
		return r
	}
	a.used++
	if int(a.used/chunk) >= len(a.chunks) {
		a.chunks = append(a.chunks, make([]entry, chunk))
	}
	return a.used
}

func (a *arena) drop(r Ref) {
	*a.at(r) = entry{nextID: a.free}
	a.free = r
}

// buckets are the heads of a hash index whose chains run through the arena. They double as it grows.
type buckets struct {
	heads []Ref
	n     int
}

func (b *buckets) head(hash uint32) *Ref { return &b.heads[hash&uint32(len(b.heads)-1)] }

// grow makes room for one more; it calls link for all that were in the chains of next.
func (b *buckets) grow(next func(Ref) Ref, link func(Ref)) {
	b.n++
	if b.n <= 2*len(b.heads) {
		return
	}
	old := b.heads
	b.heads = make([]Ref, max(64, 2*len(old)))
	for _, r := range old {
		for r != 0 {
			following := next(r)
			link(r)
			r = following
		}
	}
}

func hashID(id event.ID) uint32 {
	h := id.Ms*0x9e3779b97f4a7c15 ^ id.Seq*0xbf58476d1ce4e5b9
	return uint32(h >> 32)
}

// hashTask is of a task in a queue. The seed is the process's: producers choose the names, and nothing depends on the order
// of a chain.
func hashTask(queue, task string) uint32 {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(queue)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(task)
	return uint32(h.Sum64()) | 1<<31 // never 0, which is that of no task
}

var seed = maphash.MakeSeed()
