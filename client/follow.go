package client

import (
	"context"
	"errors"
	"iter"

	"github.com/redis/go-redis/v9"
)

// Where Follow and Consume begin, beside the ID of a status.
const (
	FromNow   = "now"
	FromStart = "start" // the oldest status that Redis still has
)

// Item is what Follow yields: a Status, or a Gap.
type Item struct {
	Status Status
	Gap    *Gap // entries were, or may have been, missed here; Status is zero then
}

// followLimit bounds what waits for a follower that is slower than the stream; then it reads from Redis again where it stopped.
const followLimit = 10_000

// Follow yields the statuses of all events, from the one after `from` on: the ID of a status, FromNow or FromStart. Save the ID of the last
// status that was dealt with, and a later process goes on from there. Where entries were trimmed before they were read it yields a Gap: ask
// for Snapshot of the events that matter. It ends with ctx, whose error is the last it yields. A lost connection is no end.
func (c *Client) Follow(ctx context.Context, from string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		f := follow{c: c, yield: func(i Item) bool { return yield(i, nil) }}
		if err := f.run(ctx, from); err != nil && !errors.Is(err, errStopped) {
			yield(Item{}, err)
		}
	}
}

// errStopped: the loop over the sequence was left.
var errStopped = errors.New("stopped")

type follow struct {
	c      *Client
	yield  func(Item) bool
	cursor position
}

func (f *follow) run(ctx context.Context, from string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(f.c.life, func() { cancel(ErrClosed) })()

	begun := false
	switch id, ok := parseID(from); {
	case ok:
		f.cursor, begun = position{id, true}, true
	case from == FromStart:
		begun = true
	case from != FromNow:
		return &RequestError{ReasonCode: "invalid_cursor", Problem: "from " + from + ": want the ID of a status, now or start"}
	}
	for {
		sub, err := f.c.reader.open(ctx)
		if err != nil {
			return err
		}
		if at := sub.follow(followLimit); !begun {
			f.cursor, begun = at, true
		} else {
			err = f.catchUp(ctx, at)
		}
		if err == nil {
			err = f.listen(ctx, sub)
		}
		sub.close()
		if err != nil {
			return err
		}
	}
}

// listen yields what the reader reads, until there is too much of it.
func (f *follow) listen(ctx context.Context, sub *subscription) error {
	for {
		items, overflow, err := sub.next(ctx)
		if err != nil || overflow {
			return err
		}
		for _, i := range items {
			if err := f.item(i); err != nil {
				return err
			}
		}
	}
}

func (f *follow) item(i item) error {
	if i.gap != nil {
		before, _ := parseID(i.gap.Before)
		if before.compare(f.cursor.id) < 0 { // a failover: IDs go on from a lower one
			f.cursor = position{id: before}
		}
		return f.pass(Item{Gap: i.gap})
	}
	id, _ := parseID(i.status.ID)
	if id.compare(f.cursor.id) <= 0 {
		return nil // catchUp has yielded it
	}
	f.cursor = position{id, true}
	return f.pass(Item{Status: *i.status})
}

func (f *follow) pass(i Item) error {
	if !f.yield(i) {
		return errStopped
	}
	return nil
}

// catchUp yields what lies between the cursor and the place of the reader, from where the subscription takes over.
func (f *follow) catchUp(ctx context.Context, to position) error {
	if f.cursor.id.compare(to.id) > 0 {
		return f.ahead(ctx)
	}
	for f.cursor.id.compare(to.id) < 0 {
		p, err := f.page(ctx, to)
		if err != nil {
			return err
		}
		if err := f.turn(p, to); err != nil {
			return err
		}
	}
	return nil
}

// turn yields a page.
func (f *follow) turn(p page, to position) error {
	before := to.id.String()
	if len(p.next) > 0 {
		before = p.next[0].ID
	}
	if f.cursor.isEntry && !f.cursor.id.isZero() && !p.there {
		if err := f.pass(Item{Gap: &Gap{After: f.cursor.id.String(), Before: before}}); err != nil {
			return err
		}
	}
	if len(p.next) == 0 {
		f.cursor = to
	}
	for i := range p.next {
		id, _ := parseID(p.next[i].ID)
		f.cursor = position{id, true}
		if err := f.pass(Item{Status: decodeStatus(p.next[i].ID, texts(p.next[i].Values))}); err != nil {
			return err
		}
	}
	return nil
}

// page is what comes next in the stream.
type page struct {
	next  []redis.XMessage
	there bool // the entry of the cursor still is
}

func (f *follow) page(ctx context.Context, to position) (page, error) {
	key, at := f.c.keys.status(), f.cursor.id.String()
	return retry(ctx, f.c, func(ctx context.Context) (page, error) {
		pipe := f.c.rdb.Pipeline()
		next := pipe.XRangeN(ctx, key, "("+at, to.id.String(), readPage)
		cursor := pipe.XRangeN(ctx, key, at, at, 1)
		_, err := pipe.Exec(ctx)
		return page{next.Val(), len(cursor.Val()) > 0}, err
	})
}

// ahead: the cursor is past the reader's place. The reader is about to arrive there, or a failover lost the cursor's entry.
func (f *follow) ahead(ctx context.Context) error {
	i, err := retry(ctx, f.c, func(ctx context.Context) (info, error) { return streamInfo(ctx, f.c.rdb, f.c.keys.status()) })
	if err != nil || i.last.compare(f.cursor.id) >= 0 {
		return err
	}
	gap := &Gap{After: f.cursor.id.String(), Before: i.last.String()}
	f.cursor = position{id: i.last}
	return f.pass(Item{Gap: gap})
}
