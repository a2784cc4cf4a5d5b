package inspect

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const readPage = 500

// Reader shows what Redis knows of the events of one stream, and sends entries.
type Reader struct {
	client  *redis.Client
	keys    redis.Keys
	group   string
	journal *records.Journal
}

// NewReader returns a Reader of the stream that the group reads; it has not contacted Redis yet.
func NewReader(client *redis.Client, stream, group string) *Reader {
	journal := records.New(client, records.Options{Stream: stream, Group: group, Logger: slog.New(slog.DiscardHandler)})
	return &Reader{client: client, keys: redis.NewKeys(stream), group: group, journal: journal}
}

// Add sends an entry. After an error it may have been sent: only an idempotency key makes sending it again harmless.
func (r *Reader) Add(ctx context.Context, fields map[string]string) (event.ID, error) {
	id, err := r.client.Commands().XAdd(ctx, entryArgs(r.keys.Stream, fields)).Result()
	if err != nil {
		return event.ID{}, r.client.Wrap("sending to "+r.keys.Stream, err)
	}
	return event.ParseID(id)
}

func entryArgs(stream string, fields map[string]string) *goredis.XAddArgs {
	values := make([]string, 0, 2*len(fields))
	for name, value := range fields {
		values = append(values, name, value)
	}
	return &goredis.XAddArgs{Stream: stream, Values: values}
}

// Open returns the records of all open events, in the order of their IDs. Unreadable ones are left out.
func (r *Reader) Open(ctx context.Context) ([]worker.Record, error) {
	var all []worker.Record
	for after := (event.ID{}); ; {
		page, err := r.journal.Open(ctx, after, readPage)
		if err != nil {
			return nil, err
		}
		if all = append(all, page...); len(page) < readPage {
			return all, nil
		}
		after = page[len(page)-1].Event.EventID
	}
}

// Closed returns the records of closed events that have not expired, in the order of their IDs. It scans all keys.
func (r *Reader) Closed(ctx context.Context) ([]worker.Record, error) {
	prefix := strings.TrimSuffix(r.keys.Event(event.ID{}), event.ID{}.String())
	pattern := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(prefix) + "*"
	var all []worker.Record
	keys := r.client.Commands().Scan(ctx, 0, pattern, readPage).Iterator()
	for keys.Next(ctx) {
		id, err := event.ParseID(strings.TrimPrefix(keys.Val(), prefix))
		if err != nil {
			continue
		}
		rec, err := r.Find(ctx, id)
		if err != nil && !errors.Is(err, worker.ErrUnreadable) {
			return nil, err
		}
		if rec != nil && rec.Closed {
			all = append(all, *rec)
		}
	}
	slices.SortFunc(all, func(a, b worker.Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
	return all, r.client.Wrap("scanning for closed events", keys.Err())
}

// Find returns one record, closed or not; nil: there is none; worker.ErrUnreadable.
func (r *Reader) Find(ctx context.Context, id event.ID) (*worker.Record, error) {
	return r.journal.Find(ctx, id)
}

// FindAll returns the records of events in one round trip, in the order of the IDs; nil where there is none, or none that can be
// read.
func (r *Reader) FindAll(ctx context.Context, ids []event.ID) ([]*records.Kept, error) {
	return r.journal.FindAll(ctx, ids)
}

// OpenIDs returns the IDs of all events that are not closed, in their order.
func (r *Reader) OpenIDs(ctx context.Context) ([]event.ID, error) { return r.journal.OpenIDs(ctx) }

// Entry is one entry of the source stream.
type Entry struct {
	Fields     map[string]string
	Pending    bool
	Deliveries int64 // to a consumer, so far; 0 when it is not pending
	Delivered  bool  // the group's position is at or past it
}

// Entry looks an entry up; nil: the stream does not have it any more.
func (r *Reader) Entry(ctx context.Context, id event.ID) (*Entry, error) {
	found, err := r.client.Commands().XRange(ctx, r.keys.Stream, id.String(), id.String()).Result()
	if err != nil || len(found) == 0 {
		return nil, r.client.Wrap("looking up the entry", err)
	}
	e := &Entry{Fields: toStrings(found[0].Values)}
	group, exists, err := redis.FindGroup(r.client.Commands().XInfoGroups(ctx, r.keys.Stream), r.group)
	if err != nil || !exists {
		return e, r.client.Wrap("looking up the consumer group", err)
	}
	position, err := redis.ParseGroupPosition(group.LastDeliveredID)
	if err != nil {
		return e, err
	}
	e.Delivered = id.Compare(position) <= 0
	pending, err := r.client.Commands().XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: r.keys.Stream, Group: r.group, Start: id.String(), End: id.String(), Count: 1,
	}).Result()
	if len(pending) > 0 {
		e.Pending, e.Deliveries = true, pending[0].RetryCount
	}
	return e, r.client.Wrap("reading the pending list", err)
}

func toStrings(values map[string]any) map[string]string {
	fields := make(map[string]string, len(values))
	for name, v := range values {
		fields[name], _ = v.(string) // Redis has no other type here
	}
	return fields
}
