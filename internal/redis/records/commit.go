package records

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Commit implements worker.Journal. It returns within about 15 s, usually within a millisecond. After an error nothing more
// is written before the next Begin: a late EXEC of ours may still be on its way, and only a new token stops it.
func (j *Journal) Commit(ctx context.Context, batch []worker.Write) error {
	if len(batch) == 0 {
		return j.client.Wrap("checking the term", j.fence.check(ctx))
	}
	lastAccepted := j.nextLastAccepted(batch)
	err := j.fence.commit(ctx, func(p goredis.Pipeliner) error { return j.queue(ctx, p, batch, lastAccepted) })
	if err != nil {
		j.fence.drop()
		return j.client.Wrap(fmt.Sprintf("writing %d changes", len(batch)), err)
	}
	j.lastAccepted = lastAccepted
	return nil
}

// nextLastAccepted is the last accepted ID as it must be after the batch: it never moves down, even when an older entry is
// accepted after a newer one.
func (j *Journal) nextLastAccepted(batch []worker.Write) event.ID {
	last := j.lastAccepted
	for _, w := range batch {
		if id := j.acceptedID(w); id.Compare(last) > 0 {
			last = id
		}
	}
	return last
}

// acceptedID is the entry that a write deals with for the first time, so that the last accepted ID passes it; zero: none. A
// rebuilt event may be one that the stream has forgotten: an ID above its last one would make it look like another stream.
func (j *Journal) acceptedID(w worker.Write) event.ID {
	switch w := w.(type) {
	case worker.Accept:
		return w.Event.EventID
	case worker.Duplicate:
		return w.ID
	case worker.Reject:
		return w.ID
	case worker.Restore:
		if id := w.Record.Event.EventID; !w.Rebuilt || id.Compare(j.lastID) <= 0 {
			return id
		}
	}
	return event.ID{}
}

func (j *Journal) queue(ctx context.Context, p goredis.Pipeliner, batch []worker.Write, lastAccepted event.ID) error {
	t := transaction{ctx: ctx, pipe: p, keys: j.keys, opts: &j.opts, seqs: make(map[event.ID]int)}
	moved := false
	for _, w := range batch {
		if err := t.add(w); err != nil {
			return err
		}
		moved = moved || !j.acceptedID(w).IsZero()
	}
	t.number()
	if moved {
		p.Set(ctx, j.keys.LastAcceptedID(), lastAccepted.String(), 0)
	}
	return nil
}
