package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// newKey is a random UUID.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// send adds the entry until Redis confirms it. A second entry has the same idempotency key, so it is a duplicate and starts nothing.
func (c *Client) send(ctx context.Context, fields map[string]string) (id string, err error) {
	maybe := false
	for attempt := 0; ; attempt++ {
		id, err = call(ctx, c, func(ctx context.Context) (string, error) {
			return c.rdb.XAdd(ctx, &redis.XAddArgs{Stream: c.keys.stream, Values: values(fields)}).Result()
		})
		if err == nil {
			return id, nil
		}
		maybe = maybe || (mayHaveArrived(err) && !errors.Is(err, ErrClosed))
		if !again(err) || errors.Is(err, ErrClosed) {
			return "", &UnsentError{Key: fields[fieldKey], MaybeSent: maybe, Err: err}
		}
		if ctx.Err() != nil || !pause(ctx, attempt) {
			return "", &UnsentError{Key: fields[fieldKey], MaybeSent: maybe, Err: fmt.Errorf("%w: %w", context.Cause(ctx), err)}
		}
	}
}

func values(fields map[string]string) []string {
	list := make([]string, 0, 2*len(fields))
	for name, value := range fields {
		list = append(list, name, value)
	}
	return list
}

// remote is lookup over Redis. Each call is sent again until it is answered: a run loses nothing by waiting.
type remote struct{ c *Client }

func (r remote) Record(ctx context.Context, id string) (map[string]string, error) {
	return retry(ctx, r.c, func(ctx context.Context) (map[string]string, error) {
		return r.c.rdb.HGetAll(ctx, r.c.keys.event(id)).Result()
	})
}

func (r remote) Mark(ctx context.Context) (string, error) { return r.get(ctx, r.c.keys.mark()) }

func (r remote) KeyOwner(ctx context.Context, key string) (string, error) {
	return r.get(ctx, r.c.keys.idempotency(key))
}

func (r remote) get(ctx context.Context, key string) (string, error) {
	return retry(ctx, r.c, func(ctx context.Context) (string, error) {
		value, err := r.c.rdb.Get(ctx, key).Result()
		if errors.Is(err, redis.Nil) {
			return "", nil
		}
		return value, err
	})
}

// DeadLetter reads the dead letters from the millisecond of the entry on: none is older than its entry.
func (r remote) DeadLetter(ctx context.Context, id string) (map[string]string, error) {
	const page = 500
	of, _ := parseID(id)
	from := entryID{ms: of.ms}.String()
	for {
		letters, err := retry(ctx, r.c, func(ctx context.Context) ([]redis.XMessage, error) {
			return r.c.rdb.XRangeN(ctx, r.c.keys.dead(), from, "+", page).Result()
		})
		if err != nil {
			return nil, err
		}
		for _, l := range letters {
			if l.Values["original_id"] == id {
				return texts(l.Values), nil
			}
		}
		if len(letters) < page {
			return nil, nil
		}
		from = "(" + letters[page-1].ID
	}
}

// texts are the fields of an entry. Of a repeated field the last value counts, as go-redis keeps it.
func texts(values map[string]any) map[string]string {
	fields := make(map[string]string, len(values))
	for name, value := range values {
		fields[name], _ = value.(string)
	}
	return fields
}
