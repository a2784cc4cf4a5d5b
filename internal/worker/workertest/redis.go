package workertest

import (
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Redis is a stream with one consumer group, and the records beside it. It is a worker.Journal, and Journal returns
// others on the same records; Source returns its worker.Source.
type Redis struct {
	journal // for tests that need only one

	mu        sync.Mutex
	entries   []worker.Entry
	last      event.ID // the highest ID ever added
	grouped   bool     // the group exists
	delivered event.ID // its last delivered ID
	pending   map[event.ID]delivery
	added     chan struct{}

	fence        int // the newest term; 0: none
	begun        int // terms ever begun
	lastAccepted event.ID
	complete     event.ID // the highest ID whose record may have been lost
	records      map[event.ID]*worker.Record
	lost         map[event.ID]bool // of open events, by Forget
	keys         map[string]key
	clocks       map[string]time.Time
	commands     []worker.Command // of operators
	paused       map[string]worker.Paused
	applied      event.ID // the last command
	status       []Status
	published    *sync.Cond // after an entry of status
	dead         []worker.Reject
	fail         error
}

type key struct {
	id   event.ID
	hash string
}

// Status is one entry of the status stream.
type Status struct {
	Kind    string
	ID      event.ID
	Report  worker.Report // kind worker
	Counts  worker.Counts // kind closed
	Victims int           // kind scaled_down
}

// NewRedis returns an empty Redis.
func NewRedis() *Redis {
	r := &Redis{added: make(chan struct{}, 1)}
	r.redis = r
	r.published = sync.NewCond(&r.mu)
	r.Flush()
	return r
}

// Flush is FLUSHALL. Status and Dead still return what was published before.
func (r *Redis) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropStream()
	r.lastAccepted, r.complete, r.fence = event.ID{}, event.ID{}, 0
	r.records, r.keys, r.lost = make(map[event.ID]*worker.Record), make(map[string]key), make(map[event.ID]bool)
	r.clocks, r.commands = make(map[string]time.Time), nil
	r.paused, r.applied = make(map[string]worker.Paused), event.ID{}
}

// Forget is DEL of an event's record: it expires, or somebody deletes it while the event is open.
func (r *Redis) Forget(id event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[id] = r.records[id] != nil && !r.records[id].Closed
	delete(r.records, id)
}

// Journal returns another worker.Journal on the same records, as for another process.
func (r *Redis) Journal() worker.Journal { return &journal{redis: r} }

// Fail makes every call fail with err; nil ends that.
func (r *Redis) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// Status returns the status stream.
func (r *Redis) Status() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.status)
}

// Wait waits until the status stream has an entry that fits.
func (r *Redis) Wait(fits func(Status) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !slices.ContainsFunc(r.status, fits) {
		r.published.Wait()
	}
}

// Dead returns the dead-letter stream.
func (r *Redis) Dead() []worker.Reject {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.dead)
}

// Pending returns how many entries were delivered and not acknowledged.
func (r *Redis) Pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pending)
}
