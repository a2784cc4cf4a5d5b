package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// JournalOptions say whose records a Journal keeps.
type JournalOptions struct {
	Stream    string
	Group     string
	Owner     Owner
	RecordTTL time.Duration // how long the record of a closed event is kept
	Logger    *slog.Logger
}

// Journal keeps the records of one stream's events. It implements worker.Journal: one goroutine calls
// Begin and then Open, one calls Commit, any call Find.
type Journal struct {
	client *Client
	keys   Keys
	opts   JournalOptions

	fence *fence
	open  []event.ID // what Open pages through; nil between two walks
	mark  event.ID   // as in Redis since Begin; Commit's alone
}

var _ worker.Journal = (*Journal)(nil)

// NewJournal returns a Journal that has not touched Redis yet.
func NewJournal(client *Client, o JournalOptions) *Journal {
	keys := NewKeys(o.Stream)
	return &Journal{client: client, keys: keys, opts: o, fence: &fence{client: client, key: keys.Fence()}}
}

// chunk is how many records are asked for at once: each may have a thousand slots.
const chunk = 100

// Open implements worker.Journal. The set is read once per walk, with its first page. A record that is missing or
// cannot be read is logged and left out: it must not keep all others from being worked on.
func (j *Journal) Open(ctx context.Context, after event.ID, n int) ([]worker.Record, error) {
	if after.IsZero() || j.open == nil {
		ids, err := j.listOpen(ctx)
		if err != nil {
			return nil, err
		}
		j.open = ids
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

func (j *Journal) listOpen(ctx context.Context) ([]event.ID, error) {
	members, err := j.client.commands.SMembers(ctx, j.keys.Open()).Result()
	if err != nil {
		return nil, j.client.wrap("reading the open events", err)
	}
	ids := make([]event.ID, 0, len(members))
	for _, m := range members {
		id, err := event.ParseID(m)
		if err != nil {
			j.opts.Logger.Warn("open event ignored", "key", j.keys.Open(), "error", err)
			continue
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids, nil
}

// page reads those of the records that are there, readable and not closed.
func (j *Journal) page(ctx context.Context, ids []event.ID) ([]worker.Record, error) {
	cmds := make([]*goredis.MapStringStringCmd, len(ids))
	_, _ = j.client.commands.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, id := range ids {
			cmds[i] = p.HGetAll(ctx, j.keys.Event(id))
		}
		return nil
	})
	records := make([]worker.Record, 0, len(ids))
	for i, id := range ids {
		record, err := j.decode(id, cmds[i])
		var unreadable *RecordError
		switch {
		case errors.As(err, &unreadable):
			j.opts.Logger.Error("record ignored", "event_id", id.String(), "error", err)
		case err != nil:
			return nil, err
		case record == nil:
			j.opts.Logger.Warn("record missing", "event_id", id.String(), "key", j.keys.Event(id))
		case !record.Closed:
			records = append(records, *record)
		}
	}
	return records, nil
}

// Find implements worker.Journal. A record that cannot be read is a *RecordError.
func (j *Journal) Find(ctx context.Context, id event.ID) (*worker.Record, error) {
	return j.decode(id, j.client.commands.HGetAll(ctx, j.keys.Event(id)))
}

// decode returns nil when there is no record.
func (j *Journal) decode(id event.ID, cmd *goredis.MapStringStringCmd) (*worker.Record, error) {
	key, doing := j.keys.Event(id), "reading the record of event "+id.String()
	fields, err := cmd.Result()
	switch {
	case replied(err, "WRONGTYPE"):
		return nil, j.client.wrap(doing, &RecordError{Key: key, Problem: "it is no hash"})
	case err != nil:
		return nil, j.client.wrap(doing, err)
	case len(fields) == 0:
		return nil, nil
	}
	record, err := decodeRecord(id, key, fields)
	if err != nil {
		return nil, j.client.wrap(doing, err)
	}
	return &record, nil
}

// decodeMark returns the zero ID when there is no mark. A mark that is no ID is an error, not "no mark": with none
// the whole stream would be taken in anew.
func decodeMark(key string, cmd *goredis.StringCmd) (event.ID, error) {
	value, err := cmd.Result()
	if errors.Is(err, goredis.Nil) {
		return event.ID{}, nil
	}
	if err != nil {
		return event.ID{}, err
	}
	id, err := event.ParseID(value)
	if err != nil {
		return event.ID{}, &RecordError{Key: key, Problem: fmt.Sprintf("%v; set it to the last entry that was taken in", err)}
	}
	return id, nil
}
