package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Commit implements worker.Journal.
func (j *Journal) Commit(ctx context.Context, batch []worker.Write) error {
	if len(batch) == 0 {
		return nil
	}
	mark, err := j.nextMark(ctx, batch)
	if err != nil {
		return err
	}
	j.mark = nil // not known again until the answer is
	cmds, err := j.client.commands.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		return j.queue(ctx, p, batch, mark)
	})
	if err = firstError(cmds, err); err != nil {
		return j.client.wrap(fmt.Sprintf("writing %d changes", len(batch)), err)
	}
	j.mark = mark
	return nil
}

// nextMark is the mark as it must be after the batch: it only ever moves up, also when an older entry is taken in
// after a newer one. Nil: the batch has nothing to do with it, and it is not known.
func (j *Journal) nextMark(ctx context.Context, batch []worker.Write) (*worker.ID, error) {
	var highest worker.ID
	for _, w := range batch {
		if id := takenIn(w); id.Compare(highest) > 0 {
			highest = id
		}
	}
	if highest.IsZero() {
		return j.mark, nil
	}
	if j.mark == nil {
		mark, err := j.readMark(ctx)
		if err != nil {
			return nil, err
		}
		j.mark = &mark
	}
	if j.mark.Compare(highest) > 0 {
		return j.mark, nil
	}
	return &highest, nil
}

// takenIn is the entry that a write takes in, so that the mark passes it.
func takenIn(w worker.Write) worker.ID {
	switch w := w.(type) {
	case worker.Accept:
		return w.Event.EventID
	case worker.Duplicate:
		return w.ID
	case worker.Reject:
		return w.ID
	}
	return worker.ID{}
}

func (j *Journal) queue(ctx context.Context, p goredis.Pipeliner, batch []worker.Write, mark *worker.ID) error {
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

// transaction turns writes into commands. Nothing is sent before all are queued.
type transaction struct {
	ctx   context.Context //nolint:containedctx // it lives for one call
	pipe  goredis.Pipeliner
	keys  Keys
	group string
	ttl   time.Duration
}

func (t *transaction) add(w worker.Write) error {
	switch w := w.(type) {
	case worker.Accept:
		t.accept(w)
	case worker.Duplicate:
		t.ack(w.ID)
		t.say(duplicateStatus(w))
	case worker.Reject:
		t.xadd(t.keys.Dead(), deadMaxLen, deadLetter(w))
		t.ack(w.ID)
		t.say(rejectedStatus(w))
	case worker.Progress:
		t.report(w.Report)
	case worker.Outcome:
		t.report(w.Report)
	case worker.Settle:
		t.pipe.HSet(t.ctx, t.keys.Event(w.ID), "settled", stamp(w.At))
		t.ack(w.ID)
		t.say(newStatus("settled", w.ID, w.TaskID).at(w.At))
	case worker.Close:
		t.close(w)
	case worker.Ack:
		t.ack(w.ID)
	default:
		return fmt.Errorf("no way to write a %T", w)
	}
	return nil
}

func (t *transaction) accept(a worker.Accept) {
	id := a.Event.EventID
	t.pipe.HSet(t.ctx, t.keys.Event(id), encodeEvent(&a.Event, a.Hash, a.At)...)
	t.pipe.SAdd(t.ctx, t.keys.Open(), id.String())
	if key := a.Event.IdempotencyKey; key != "" {
		t.pipe.Set(t.ctx, t.keys.Idempotency(key), encodeHolder(id, a.Hash), 0)
	}
	t.say(newStatus("accepted", id, a.Event.TaskID()).at(a.At))
}

func (t *transaction) report(r worker.Report) {
	slot := worker.SlotRecord{
		Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason, ExitCode: r.ExitCode, At: r.At,
	}
	t.pipe.HSet(t.ctx, t.keys.Event(r.ID), slotField(r.Slot), encodeSlot(slot))
	t.say(workerStatus(r))
}

func (t *transaction) close(c worker.Close) {
	key := t.keys.Event(c.ID)
	t.pipe.SRem(t.ctx, t.keys.Open(), c.ID.String())
	if c.Slots > 0 {
		t.pipe.HDel(t.ctx, key, slotFields(c.Slots)...)
	}
	t.pipe.HSet(t.ctx, key, append(counts(c.Counts), "closed", stamp(c.At))...)
	t.pipe.PExpire(t.ctx, key, t.ttl)
	if c.IdempotencyKey != "" {
		t.pipe.PExpire(t.ctx, t.keys.Idempotency(c.IdempotencyKey), t.ttl)
	}
	t.say(closedStatus(c))
}

func slotFields(n int) []string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = slotField(i + 1)
	}
	return fields
}

func (t *transaction) ack(id worker.ID) { t.pipe.XAck(t.ctx, t.keys.Stream, t.group, id.String()) }

func (t *transaction) say(fields []any) { t.xadd(t.keys.Status(), statusMaxLen, fields) }

func (t *transaction) xadd(stream string, maxLen int64, fields []any) {
	t.pipe.XAdd(t.ctx, &goredis.XAddArgs{Stream: stream, MaxLen: maxLen, Approx: true, Values: fields})
}
