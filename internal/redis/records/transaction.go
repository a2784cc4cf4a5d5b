package records

import (
	"context"
	"encoding/json"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// transaction turns writes into queued commands; nothing is sent before all are queued.
type transaction struct {
	ctx  context.Context //nolint:containedctx // the transaction lives for one call
	pipe goredis.Pipeliner
	keys redis.Keys
	opts *Options
	seqs map[event.ID]int // of the last entry on the status stream of each event in the batch
}

func (t *transaction) add(w worker.Write) error {
	if id, seq := worker.SeqOf(w); seq > 0 {
		t.seqs[id] = seq
	}
	switch w := w.(type) {
	case worker.Accept:
		t.accept(w)
	case worker.Duplicate:
		t.ack(w.ID)
		t.addStatus(duplicateStatus(w))
	case worker.Reject:
		t.xadd(t.keys.Dead(), MaxDeadLetters, deadLetter(w))
		t.ack(w.ID)
		t.addStatus(rejectedStatus(w))
	case worker.Progress:
		t.report(w.Report)
	case worker.Outcome:
		t.report(w.Report)
	case worker.Settle:
		t.pipe.HSet(t.ctx, t.keys.Event(w.ID), "settled", stamp(w.At))
		t.ack(w.ID)
		t.addStatus(newStatus("settled", w.ID, w.Seq, w.TaskID).add("queue", w.Queue).at(w.At))
	case worker.Close:
		t.close(w)
	case worker.Ack:
		t.ack(w.ID)
	case worker.Select:
		t.selectVictims(w)
	case worker.Restore:
		t.restore(w)
	case worker.Refuse:
		t.pipe.HSet(t.ctx, t.keys.Refused(), w.ID.String(), w.At.UnixMilli())
		t.addStatus(newStatus("waiting", w.ID, w.Seq, w.TaskID).add("queue", w.Queue).
			add("reason", worker.ReasonRefused).add("message", text.Clip(w.Message, maxMessage)).at(w.At))
	case worker.Cancel:
		t.pipe.HSet(t.ctx, t.keys.Event(w.ID), "settled", stamp(w.At))
		t.ack(w.ID)
		t.addStatus(cancellingStatus(w))
	case worker.Pause:
		return t.pause(w)
	case worker.View:
		return t.view(w)
	case worker.Clock:
		t.setClock(w)
	case worker.Complete:
		t.pipe.Set(t.ctx, t.keys.Complete(), w.Since.String(), 0)
	default:
		return fmt.Errorf("unknown kind of write: %T", w)
	}
	return nil
}

func (t *transaction) accept(a worker.Accept) {
	id := a.Event.EventID
	t.pipe.HSet(t.ctx, t.keys.Event(id), encodeEvent(&a.Event, a.Hash, a.At)...)
	t.open(&a.Event, a.Hash)
	t.addStatus(newStatus("accepted", id, a.Seq, a.Event.TaskID()).add("queue", a.Event.Queue).
		add("hint", text.Clip(a.Hint, maxMessage)).at(a.At))
}

// pause applies a command once: the mark moves in the same MULTI.
func (t *transaction) pause(p worker.Pause) error {
	kind := "resumed"
	if p.On {
		kind = "paused"
		value, err := json.Marshal(worker.Paused{By: p.By, At: p.At.UTC(), Reason: p.Reason})
		if err != nil {
			return err
		}
		t.pipe.HSet(t.ctx, t.keys.Pause(), p.Queue, value)
	} else {
		t.pipe.HDel(t.ctx, t.keys.Pause(), p.Queue)
	}
	t.pipe.Set(t.ctx, t.keys.ControlMark(), p.Command.String(), 0)
	t.addStatus(status{"kind", kind}.add("queue", p.Queue).add("by", p.By).add("message", p.Reason).at(p.At))
	return nil
}

// view publishes how queues stand, for people.
func (t *transaction) view(v worker.View) error {
	for i := range v.Queues {
		value, err := json.Marshal(&v.Queues[i])
		if err != nil {
			return err
		}
		t.pipe.HSet(t.ctx, t.keys.Queues(), v.Queues[i].Name, value)
	}
	if len(v.Gone) > 0 {
		t.pipe.HDel(t.ctx, t.keys.Queues(), v.Gone...)
	}
	return nil
}

func (t *transaction) report(r worker.Report) {
	t.pipe.HSet(t.ctx, t.keys.Event(r.ID), slotField(r.Slot), encodeSlot(*r.Record()))
	if r.State == worker.StateCreated && r.Refused {
		t.pipe.HDel(t.ctx, t.keys.Refused(), r.ID.String())
	}
	if !r.SelectedBy.IsZero() {
		t.pipe.HIncrBy(t.ctx, t.keys.Event(r.SelectedBy), "n_"+string(r.State), 1)
	}
	t.addStatus(workerStatus(r, t.opts.Namespace))
}

func (t *transaction) close(c worker.Close) {
	key := t.keys.Event(c.ID)
	t.pipe.SRem(t.ctx, t.keys.Open(), c.ID.String())
	if c.Refused {
		t.pipe.HDel(t.ctx, t.keys.Refused(), c.ID.String())
	}
	t.pipe.HDel(t.ctx, key, append(slotFields(len(c.Slots)), fieldVictims)...)
	closed := append(counts(c.Counts), "closed", stamp(c.At))
	if len(c.Slots) > 0 {
		closed = append(closed, fieldOutcomes, encodeOutcomes(c.Slots))
	}
	t.pipe.HSet(t.ctx, key, closed...)
	t.pipe.PExpire(t.ctx, key, t.opts.RecordTTL)
	if c.IdempotencyKey != "" {
		t.pipe.PExpire(t.ctx, t.keys.Idempotency(c.IdempotencyKey), t.opts.RecordTTL)
	}
	t.addStatus(closedStatus(c))
}

func (t *transaction) selectVictims(c worker.Select) {
	t.pipe.HSet(t.ctx, t.keys.Event(c.ID), fieldVictims, encodeVictims(c.Victims), "settled", stamp(c.At))
	t.ack(c.ID)
	t.addStatus(scaledDownStatus(c))
}

// restore replaces whatever the key had before.
func (t *transaction) restore(r worker.Restore) {
	key := t.keys.Event(r.Record.Event.EventID)
	t.pipe.Del(t.ctx, key)
	t.pipe.HSet(t.ctx, key, encodeRecord(&r.Record, r.Hash, r.At)...)
	if !r.Record.RefusedAt.IsZero() {
		t.pipe.HSet(t.ctx, t.keys.Refused(), r.Record.Event.EventID.String(), r.Record.RefusedAt.UnixMilli())
	}
	if r.Record.Closed {
		t.pipe.PExpire(t.ctx, key, t.opts.RecordTTL)
		return
	}
	t.open(&r.Record.Event, r.Hash)
}

// open adds an event to the open set and makes it the owner of its idempotency key.
func (t *transaction) open(e *event.Event, hash string) {
	t.pipe.SAdd(t.ctx, t.keys.Open(), e.EventID.String())
	if key := e.IdempotencyKey; key != "" {
		t.pipe.Set(t.ctx, t.keys.Idempotency(key), redis.KeyOwner{Event: e.EventID, Hash: hash}.Encode(), 0)
	}
}

func slotFields(n int) []string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = slotField(i + 1)
	}
	return fields
}

func (t *transaction) ack(id event.ID) { t.pipe.XAck(t.ctx, t.keys.Stream, t.opts.Group, id.String()) }

func (t *transaction) addStatus(fields []any) { t.xadd(t.keys.Status(), t.opts.StatusMaxLen, fields) }

// number records in each event's record up to which entry of the status stream it is: once a batch, not once an entry.
func (t *transaction) number() {
	for id, seq := range t.seqs {
		t.pipe.HSet(t.ctx, t.keys.Event(id), fieldSeq, seq)
	}
}

func (t *transaction) xadd(stream string, maxLen int64, fields []any) {
	t.pipe.XAdd(t.ctx, &goredis.XAddArgs{Stream: stream, MaxLen: maxLen, Approx: true, Values: fields})
}
