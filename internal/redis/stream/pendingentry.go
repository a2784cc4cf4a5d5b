package stream

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// entryReply returns the entry that was asked for, if any, and its size over the wire.
type entryReply func() ([]worker.Entry, int, error)

// readBatch reads the entries of a batch, each by its ID. One that is not pending any more is left out.
func (s *Source) readBatch(ctx context.Context, batch []pending) (entries []worker.Entry, size int, err error) {
	replies := make([]entryReply, len(batch))
	_, _ = s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i := range batch {
			replies[i] = s.queueEntry(ctx, p, &batch[i])
		}
		return nil
	})
	for i, reply := range replies {
		e, bytes, err := reply()
		if err != nil {
			return nil, 0, err
		}
		size += bytes
		for j := range e {
			e[j].Redelivered, e[j].Poisonous = true, batch[i].mode == readNone
			e[j].Trimmed = e[j].Trimmed && !e[j].Poisonous
		}
		entries = append(entries, e...)
	}
	return entries, size, nil
}

// queueEntry asks for one entry; one that is Trimmed stands for fields that are not there, or must not be read.
func (s *Source) queueEntry(ctx context.Context, p goredis.Pipeliner, of *pending) entryReply {
	switch of.mode {
	case readCounted:
		return s.queueCounted(ctx, p, of)
	case readPlain:
		return s.queuePlain(ctx, p, of)
	case readNone, readDeleted:
	}
	return func() ([]worker.Entry, int, error) { return trimmed(of), 0, nil }
}

// queueCounted raises the delivery count when the entry begins to arrive, before any of its fields is looked at. XREADGROUP
// would raise it when Redis receives the command, so that a process which ends without a reply counts as crashed by it.
func (s *Source) queueCounted(ctx context.Context, p goredis.Pipeliner, of *pending) entryReply {
	return s.queueByID(ctx, p, of, func() error {
		err := s.client.Commands().Do(ctx, "XCLAIM", s.keys.Stream, s.opts.Group, s.opts.Consumer, 0, of.id.String(),
			"RETRYCOUNT", s.poison.raise(of.id, of.deliveries), "JUSTID").Err()
		if err == nil {
			s.poison.markRead(of.id)
		}
		return err
	})
}

func (s *Source) queuePlain(ctx context.Context, p goredis.Pipeliner, of *pending) entryReply {
	return s.queueByID(ctx, p, of, nil)
}

// queueByID asks for one entry. The arrival hook may be nil.
func (s *Source) queueByID(ctx context.Context, p goredis.Pipeliner, of *pending, arrives func() error) entryReply {
	reader := &respReader{enclosing: inRange, arrives: arrives}
	reply := queueEntries(ctx, p, reader, "XRANGE", s.keys.Stream, of.id.String(), of.id.String())
	return func() ([]worker.Entry, int, error) {
		found, size, err := reply()
		if err == nil && len(found) == 0 {
			found = trimmed(of)
		}
		return found, size, err
	}
}

func trimmed(of *pending) []worker.Entry { return []worker.Entry{{ID: of.id, Trimmed: true}} }
