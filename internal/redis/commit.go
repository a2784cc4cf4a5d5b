package redis

import (
	"context"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Commit implements worker.Journal. After an error nothing more is written before the next Begin: a late EXEC of ours
// may still be on its way, and only a new token stops it.
func (j *Journal) Commit(ctx context.Context, batch []worker.Write) error {
	if len(batch) == 0 {
		return j.client.wrap("asking whether the term still stands", j.fence.check(ctx))
	}
	mark := j.nextMark(batch)
	err := j.fence.exec(ctx, func(p goredis.Pipeliner) error { return j.queue(ctx, p, batch, mark) })
	if err != nil {
		j.fence.drop()
		return j.client.wrap(fmt.Sprintf("writing %d changes", len(batch)), err)
	}
	j.mark = mark
	return nil
}

// nextMark is the mark as it must be after the batch: it only ever moves up, also when an older entry is taken in
// after a newer one.
func (j *Journal) nextMark(batch []worker.Write) event.ID {
	mark := j.mark
	for _, w := range batch {
		if id := takenIn(w); id.Compare(mark) > 0 {
			mark = id
		}
	}
	return mark
}

// takenIn is the entry that a write takes in, so that the mark passes it.
func takenIn(w worker.Write) event.ID {
	switch w := w.(type) {
	case worker.Accept:
		return w.Event.EventID
	case worker.Duplicate:
		return w.ID
	case worker.Reject:
		return w.ID
	case worker.Restore:
		return w.Record.Event.EventID
	}
	return event.ID{}
}

func (j *Journal) queue(ctx context.Context, p goredis.Pipeliner, batch []worker.Write, mark event.ID) error {
	t := transaction{ctx: ctx, pipe: p, keys: j.keys, group: j.opts.Group, ttl: j.opts.RecordTTL}
	moves := false
	for _, w := range batch {
		if err := t.add(w); err != nil {
			return err
		}
		moves = moves || !takenIn(w).IsZero()
	}
	if moves {
		p.Set(ctx, j.keys.Mark(), mark.String(), 0)
	}
	return nil
}

// firstError looks at every reply: an EXEC succeeds as a whole although commands inside it fail. Of a transaction
// that was refused, the command that was the cause says more than EXECABORT.
func firstError(cmds []goredis.Cmder, err error) error {
	for _, cmd := range cmds {
		if e := cmd.Err(); isReply(e) && !strings.HasPrefix(e.Error(), "EXECABORT") {
			return fmt.Errorf("%s %v: %w", strings.ToUpper(cmd.Name()), cmd.Args()[1], e)
		}
	}
	if err != nil {
		return err
	}
	for _, cmd := range cmds {
		if e := cmd.Err(); e != nil {
			return e
		}
	}
	return nil
}
