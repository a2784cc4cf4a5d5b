package workertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	block           = 2 * time.Second // how long a Read of an empty stream takes
	suspiciousWait  = 5 * time.Second // how long reading waits for a suspicious entry
	defaultConsumer = "ottoscaler-1"  // consumer of Source

	suspicious = 2
	poisonous  = 5
)

// delivery is an entry of the pending list.
type delivery struct {
	consumer string
	times    int
}

// Add is XADD with an explicit ID; pairs are field, value, field, value.
func (r *Redis) Add(id event.ID, pairs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, newEntry(id, pairs))
	r.last = id
	select {
	case r.added <- struct{}{}:
	default:
	}
}

// Delete is XDEL.
func (r *Redis) Delete(id event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(e worker.Entry) bool { return e.ID == id })
}

// Drop is DEL of the stream with its group.
func (r *Redis) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropStream()
}

func (r *Redis) dropStream() {
	r.entries, r.last, r.delivered, r.grouped, r.pending = nil, event.ID{}, event.ID{}, false, make(map[event.ID]delivery)
}

// newEntry is the entry as a Source returns it: a large one with its size, its hash and the fields that fit.
func newEntry(id event.ID, pairs []string) worker.Entry {
	e := worker.Entry{ID: id, Fields: make(map[string]string)}
	sum, left := sha256.New(), event.MaxEntryBytes
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		e.Size.Fields++
		e.Size.Bytes += len(name) + len(value)
		fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(value), value)
		if len(name)+len(value) <= left {
			left -= len(name) + len(value)
			e.Fields[name] = value
		}
	}
	if e.Size.Sum = hex.EncodeToString(sum.Sum(nil)); e.Size.Bytes <= event.MaxEntryBytes/8 {
		e.Size = worker.Size{}
	}
	return e
}

func (r *Redis) waiting() []event.ID {
	ids := make([]event.ID, 0, len(r.pending))
	for id := range r.pending {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids
}

// redeliver reads one pending entry. A fresh one has no record, and this process has not read it yet.
func (r *Redis) redeliver(id event.ID, p *process, fresh bool, times int) worker.Entry {
	if fresh && times >= poisonous {
		p.poison[id] = true
	}
	if p.poison[id] && r.records[id] == nil {
		return worker.Entry{ID: id, Redelivered: true, Poisonous: true}
	}
	i := slices.IndexFunc(r.entries, func(e worker.Entry) bool { return e.ID == id })
	if i < 0 {
		return worker.Entry{ID: id, Redelivered: true, Trimmed: true}
	}
	d := r.pending[id]
	d.consumer = p.consumer
	if fresh {
		d.times++
	}
	r.pending[id] = d
	e := r.withKeyOwner(r.entries[i])
	e.Redelivered = true
	return e
}

func (r *Redis) withKeyOwner(e worker.Entry) worker.Entry {
	if k, ok := r.keys[e.Fields["idempotency_key"]]; ok {
		e.KeyOwner, e.KeyHash = k.id, k.hash
	}
	return e
}
