package workertest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// journal is one worker.Journal; several may share the records.
type journal struct {
	redis *Redis
	term  int // 0: none has begun, or it is over
}

// Open is worker.Journal's.
func (j *journal) Open(_ context.Context, after event.ID, n int) ([]worker.Record, error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	var out []worker.Record
	for _, id := range slices.SortedFunc(maps.Keys(r.records), event.ID.Compare) {
		if rec := r.records[id]; !rec.Closed && id.Compare(after) > 0 && len(out) < n {
			out = append(out, clone(rec))
		}
	}
	return out, nil
}

// Find is worker.Journal's.
func (j *journal) Find(_ context.Context, id event.ID) (*worker.Record, error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	rec, ok := r.records[id]
	switch {
	case !ok && r.lost[id]:
		return nil, worker.ErrRecordLost
	case !ok:
		return nil, nil
	}
	c := clone(rec)
	return &c, nil
}

// Clocks is worker.Journal's.
func (j *journal) Clocks(context.Context) (map[string]time.Time, error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.clocks), r.fail
}

// Begin is worker.Journal's.
func (j *journal) Begin(context.Context) (worker.TermStart, error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	j.term = 0
	if r.fail != nil {
		return worker.TermStart{}, r.fail
	}
	start := worker.TermStart{Known: r.fence != 0}
	if !start.Known {
		r.complete = r.mayHaveBeenAccepted()
	}
	r.begun++
	r.fence, j.term = r.begun, r.begun
	if r.last.Compare(r.lastAccepted) < 0 { // a new stream
		start.Replaced = r.lastAccepted
		r.lastAccepted, r.delivered = event.ID{}, event.ID{}
	}
	if !r.grouped {
		r.grouped, r.delivered = true, r.lastAccepted
	}
	start.LastAccepted, start.CompleteSince = r.lastAccepted, r.complete
	return start, nil
}

// mayHaveBeenAccepted is the highest ID that may have been accepted until now.
func (r *Redis) mayHaveBeenAccepted() event.ID {
	switch {
	case r.last.Compare(r.lastAccepted) < 0:
		return r.lastAccepted
	case r.last.IsZero():
		return event.ID{Ms: uint64(time.Now().UnixMilli()), Seq: math.MaxUint64}
	}
	return r.last
}

// Commit is worker.Journal's.
func (j *journal) Commit(_ context.Context, batch []worker.Write) error {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.commit(j.term, batch)
	if err != nil && len(batch) > 0 {
		j.term = 0
	}
	return err
}

func (r *Redis) commit(term int, batch []worker.Write) error {
	switch {
	case r.fail != nil:
		return r.fail
	case term == 0:
		return fmt.Errorf("%w: none has begun", worker.ErrTermOver)
	case r.fence == 0:
		return fmt.Errorf("%w: Redis lost its data", worker.ErrTermOver)
	case r.fence != term:
		return fmt.Errorf("%w: another has begun", worker.ErrTermOver)
	}
	for _, w := range batch {
		if err := r.apply(w); err != nil {
			return err
		}
	}
	return nil
}
