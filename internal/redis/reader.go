package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	readPage   = 500
	followFor  = 2 * time.Second // one blocking read
	letterPage = 100
)

// Reader is for people: it shows what Redis knows, and sends entries. It needs no term and disturbs none.
type Reader struct {
	client  *Client
	keys    Keys
	group   string
	journal *Journal
}

// NewReader returns a Reader of the stream that the group reads; it has not touched Redis yet.
func NewReader(client *Client, stream, group string) *Reader {
	journal := NewJournal(client, JournalOptions{Stream: stream, Group: group, Logger: slog.New(slog.DiscardHandler)})
	return &Reader{client: client, keys: NewKeys(stream), group: group, journal: journal}
}

// Add sends an entry. After an error it may have been sent: only an idempotency key makes sending again harmless.
func (r *Reader) Add(ctx context.Context, fields map[string]string) (event.ID, error) {
	values := make([]string, 0, 2*len(fields))
	for name, value := range fields {
		values = append(values, name, value)
	}
	id, err := r.client.commands.XAdd(ctx, &goredis.XAddArgs{Stream: r.keys.Stream, Values: values}).Result()
	if err != nil {
		return event.ID{}, r.client.wrap("sending to "+r.keys.Stream, err)
	}
	return event.ParseID(id)
}

// Open returns the records of all open events, in the order of their IDs. What cannot be read is left out.
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

// Closed returns the records that are still kept of closed events, in the order of their IDs. It looks through all keys.
func (r *Reader) Closed(ctx context.Context) ([]worker.Record, error) {
	prefix := strings.TrimSuffix(r.keys.Event(event.ID{}), event.ID{}.String())
	pattern := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(prefix) + "*"
	var all []worker.Record
	for keys := r.client.commands.Scan(ctx, 0, pattern, readPage).Iterator(); ; {
		if !keys.Next(ctx) {
			slices.SortFunc(all, func(a, b worker.Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
			return all, r.client.wrap("looking for closed events", keys.Err())
		}
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
}

// Find returns one record, closed or not; nil: there is none; worker.ErrUnreadable.
func (r *Reader) Find(ctx context.Context, id event.ID) (*worker.Record, error) {
	return r.journal.Find(ctx, id)
}

// Entry is one entry of the source stream.
type Entry struct {
	Fields     map[string]string
	Pending    bool
	Deliveries int64 // to a consumer, so far; 0 when it is not pending
	Delivered  bool  // the group has come past it
}

// Entry looks an entry up; nil: the stream has none of that ID any more.
func (r *Reader) Entry(ctx context.Context, id event.ID) (*Entry, error) {
	found, err := r.client.commands.XRange(ctx, r.keys.Stream, id.String(), id.String()).Result()
	if err != nil || len(found) == 0 {
		return nil, r.client.wrap("looking for the entry", err)
	}
	e := &Entry{Fields: flat(found[0].Values)}
	group, grouped, err := findGroup(r.client.commands.XInfoGroups(ctx, r.keys.Stream), r.group)
	if err != nil || !grouped {
		return e, r.client.wrap("looking for the consumer group", err)
	}
	place, err := parsePlace(group.LastDeliveredID)
	if err != nil {
		return e, err
	}
	e.Delivered = id.Compare(place) <= 0
	pending, err := r.client.commands.XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: r.keys.Stream, Group: r.group, Start: id.String(), End: id.String(), Count: 1,
	}).Result()
	if len(pending) > 0 {
		e.Pending, e.Deliveries = true, pending[0].RetryCount
	}
	return e, r.client.wrap("looking at what is pending", err)
}

func flat(values map[string]any) map[string]string {
	fields := make(map[string]string, len(values))
	for name, v := range values {
		fields[name], _ = v.(string) // Redis has nothing else
	}
	return fields
}

// Said is one entry of the status stream: its fields are those of docs/status-stream.md.
type Said struct {
	ID     string
	Fields map[string]string
}

// Kind is what it tells.
func (s Said) Kind() string { return s.Fields["kind"] }

// Ends reports whether nothing more will be said of the event.
func (s Said) Ends() bool {
	return s.Kind() == "closed" || s.Kind() == "rejected" || s.Kind() == "duplicate"
}

// Story is what the status stream says of an event so far, and the ID to follow on from.
func (r *Reader) Story(ctx context.Context, id event.ID) (story []Said, last string, err error) {
	last = fmt.Sprintf("%d-0", id.Ms)
	for from := last; ; from = "(" + last {
		page, err := r.client.commands.XRangeN(ctx, r.keys.Status(), from, "+", readPage).Result()
		if err != nil {
			return nil, "", r.client.wrap("reading the status stream", err)
		}
		for _, m := range page {
			last = m.ID
			if s := (Said{m.ID, flat(m.Values)}); s.Fields["event_id"] == id.String() {
				if story = append(story, s); s.Ends() {
					return story, last, nil
				}
			}
		}
		if len(page) < readPage {
			return story, last, nil
		}
	}
}

// Follow waits a while for what is said of an event after last; nothing is no error.
func (r *Reader) Follow(ctx context.Context, id event.ID, last string) (news []Said, next string, err error) {
	reading, cancel := context.WithTimeout(ctx, followFor+grace)
	defer cancel()
	streams, err := r.client.reads.XRead(reading, &goredis.XReadArgs{
		Streams: []string{r.keys.Status(), last}, Count: readPage, Block: followFor,
	}).Result()
	if errors.Is(err, goredis.Nil) || err == nil && len(streams) == 0 {
		return nil, last, nil
	}
	if err != nil {
		return nil, last, r.client.wrap("following the status stream", err)
	}
	for _, m := range streams[0].Messages {
		last = m.ID
		if s := (Said{m.ID, flat(m.Values)}); s.Fields["event_id"] == id.String() {
			news = append(news, s)
		}
	}
	return news, last, nil
}

// OfTask returns the events that the status stream knows of a task, newest first, at most n.
func (r *Reader) OfTask(ctx context.Context, task string, n int) ([]event.ID, error) {
	var ids []event.ID
	for to := "+"; ; {
		page, err := r.client.commands.XRevRangeN(ctx, r.keys.Status(), to, "-", readPage).Result()
		if err != nil {
			return nil, r.client.wrap("reading the status stream", err)
		}
		for _, m := range page {
			to = "(" + m.ID
			if fields := flat(m.Values); fields["task_id"] == task {
				id, err := event.ParseID(fields["event_id"])
				if err == nil && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
			if len(ids) == n {
				return ids, nil
			}
		}
		if len(page) < readPage {
			return ids, nil
		}
	}
}
