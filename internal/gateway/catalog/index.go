package catalog

import (
	"hash/maphash"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// maxClosed bounds how many closed events are remembered, the newest: as many as a status stream of the largest size may tell
// of.
const maxClosed = 200_000

// item is what is known of one event.
type item struct {
	id    event.ID
	task  uint64 // hash of its task_id; 0: it has none
	queue string // shared among all items of the queue
	open  bool
}

// index has the events in the order of their IDs. It is not safe for concurrent use.
type index struct {
	seed   maphash.Seed
	items  []item
	queues map[string]string
	closed int
}

func newIndex() *index { return &index{seed: maphash.MakeSeed(), queues: make(map[string]string)} }

func (x *index) hash(task string) uint64 {
	if task == "" {
		return 0
	}
	return max(1, maphash.String(x.seed, task))
}

// shared is a queue's name, of which there is one copy.
func (x *index) shared(queue string) string {
	if _, known := x.queues[queue]; !known {
		x.queues[queue] = queue
	}
	return x.queues[queue]
}

func (x *index) find(id event.ID) (at int, found bool) {
	if n := len(x.items); n > 0 && x.items[n-1].id.Compare(id) < 0 {
		return n, false // the usual case: a newer one
	}
	return slices.BinarySearchFunc(x.items, id, func(it item, id event.ID) int { return it.id.Compare(id) })
}

// put adds an event that is open, or does nothing if it is known.
func (x *index) put(id event.ID, task, queue string) {
	at, found := x.find(id)
	if !found {
		x.items = slices.Insert(x.items, at, item{id: id, task: x.hash(task), queue: x.shared(queue), open: true})
	}
}

// close marks an event as closed.
func (x *index) close(id event.ID) {
	at, found := x.find(id)
	if !found || !x.items[at].open {
		return
	}
	x.items[at].open = false
	if x.closed++; x.closed > maxClosed {
		x.dropOldestClosed()
	}
}

// dropOldestClosed drops a tenth at once: each time costs a pass over all.
func (x *index) dropOldestClosed() {
	excess := maxClosed / 10
	x.items = slices.DeleteFunc(x.items, func(it item) bool {
		drop := excess > 0 && !it.open
		if drop {
			excess--
			x.closed--
		}
		return drop
	})
}

// remove drops events whose records are gone.
func (x *index) remove(ids map[event.ID]bool) {
	x.items = slices.DeleteFunc(x.items, func(it item) bool {
		if ids[it.id] && !it.open {
			x.closed--
		}
		return ids[it.id]
	})
}

// before calls visit with the events older than an ID, newest first, until it returns false. The zero ID: all.
func (x *index) before(id event.ID, visit func(it *item) bool) {
	at := len(x.items)
	if !id.IsZero() {
		at, _ = x.find(id)
	}
	for at--; at >= 0; at-- {
		if !visit(&x.items[at]) {
			return
		}
	}
}
