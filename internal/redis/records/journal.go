package records

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Options say whose records a Journal keeps.
type Options struct {
	Stream       string
	Group        string
	Owner        Owner
	Namespace    string        // of the workers, for the status stream
	RecordTTL    time.Duration // how long the record of a closed event is kept
	StatusMaxLen int64         // how many entries the status stream keeps, about: Redis trims in whole nodes
	Logger       *slog.Logger
}

// Journal keeps the records of one stream's events. It implements worker.Journal: one goroutine calls
// Begin and then Open, one calls Commit, any call Find.
type Journal struct {
	client *redis.Client
	keys   redis.Keys
	opts   Options

	fence        *fence
	open         []event.ID // what Open pages through; nil between two walks
	lost         sync.Map   // the event.IDs that had no record in the last walk
	lastAccepted event.ID   // as in Redis since Begin; used by Commit only
	lastID       event.ID   // the stream's last one at Begin
}

var _ worker.Journal = (*Journal)(nil)

// New returns a Journal that has not contacted Redis yet. The composition root makes one a process; package inspect makes
// one of its own to read records, which never begins a term.
func New(client *redis.Client, o Options) *Journal {
	keys := redis.NewKeys(o.Stream)
	return &Journal{client: client, keys: keys, opts: o, fence: newFence(client, keys, o.Logger)}
}

const (
	// chunk is how many records are read in one round trip: each may have a thousand slots.
	chunk = 100
	// maxQuoted bounds what of a value is quoted in an error.
	maxQuoted = 64
)

// Open implements worker.Journal. The open set is read once a walk, with its first page. A record that is missing or
// unreadable is logged and left out: it must not keep the others from being worked on.
func (j *Journal) Open(ctx context.Context, after event.ID, n int) ([]worker.Record, error) {
	if after.IsZero() || j.open == nil {
		ids, err := j.OpenIDs(ctx)
		if err != nil {
			return nil, err
		}
		j.open = ids
		j.lost.Clear()
	}
	start, found := slices.BinarySearchFunc(j.open, after, event.ID.Compare)
	if found {
		start++
	}
	rest, records := j.open[start:], []worker.Record(nil)
	for len(records) < n && len(rest) > 0 {
		take := rest[:min(n-len(records), chunk, len(rest))]
		page, err := j.page(ctx, take)
		if err != nil {
			return nil, err
		}
		records, rest = append(records, page...), rest[len(take):]
	}
	if len(records) < n {
		j.open = nil
	}
	return records, nil
}

// OpenIDs returns the IDs of the events that are not closed, in their order. Package inspect shows them to people.
func (j *Journal) OpenIDs(ctx context.Context) ([]event.ID, error) {
	members, err := j.client.Commands().SMembers(ctx, j.keys.Open()).Result()
	if err != nil {
		return nil, j.client.Wrap("reading the open events", err)
	}
	ids := make([]event.ID, 0, len(members))
	for _, m := range members {
		id, err := event.ParseID(m)
		if err != nil {
			errcode.Warn(j.opts.Logger, errcode.OpenSetInvalid, "key", j.keys.Open(), "error", err)
			continue
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids, nil
}

// page returns those of the records that exist, are readable and are not closed.
func (j *Journal) page(ctx context.Context, ids []event.ID) ([]worker.Record, error) {
	reads := make([]recordRead, len(ids))
	_, _ = j.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, id := range ids {
			reads[i] = j.read(ctx, p, id)
		}
		return nil
	})
	records := make([]worker.Record, 0, len(ids))
	for i, id := range ids {
		record, err := j.decode(id, reads[i])
		var unreadable *redis.RecordError
		switch {
		case errors.As(err, &unreadable):
			errcode.Error(j.opts.Logger, errcode.RecordUnreadable, "event_id", id.String(), "error", err)
		case err != nil:
			return nil, err
		case record == nil:
			errcode.Warn(j.opts.Logger, errcode.RecordMissing, "event_id", id.String(), "key", j.keys.Event(id))
			j.lost.Store(id, nil)
		case !record.Closed:
			records = append(records, *record)
		}
	}
	return records, nil
}

// Find implements worker.Journal. An unreadable record is a *redis.RecordError.
func (j *Journal) Find(ctx context.Context, id event.ID) (*worker.Record, error) {
	var read recordRead
	_, _ = j.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		read = j.read(ctx, p, id)
		return nil
	})
	record, err := j.decode(id, read)
	if _, lost := j.lost.Load(id); lost && record == nil && err == nil {
		return nil, j.client.Wrap("reading the record of event "+id.String(), worker.ErrRecordLost)
	}
	return record, err
}

// recordRead are the replies that make up a record.
type recordRead struct {
	fields  *goredis.MapStringStringCmd
	refused *goredis.StringCmd
}

func (j *Journal) read(ctx context.Context, p goredis.Pipeliner, id event.ID) recordRead {
	return recordRead{p.HGetAll(ctx, j.keys.Event(id)), p.HGet(ctx, j.keys.Refused(), id.String())}
}

// decode returns nil when there is no record.
func (j *Journal) decode(id event.ID, read recordRead) (*worker.Record, error) {
	key, doing := j.keys.Event(id), "reading the record of event "+id.String()
	fields, err := read.fields.Result()
	switch {
	case redis.Replied(err, "WRONGTYPE"):
		return nil, j.client.Wrap(doing, &redis.RecordError{Key: key, Problem: "not a hash"})
	case err != nil:
		return nil, j.client.Wrap(doing, err)
	case len(fields) == 0:
		return nil, nil
	}
	record, err := decodeRecord(id, key, fields)
	if err != nil {
		return nil, j.client.Wrap(doing, err)
	}
	if ms, ok := number(read.refused.Val(), maxStamp); ok && !record.Closed {
		record.RefusedAt = time.UnixMilli(ms).UTC()
	}
	return &record, nil
}
