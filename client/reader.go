package client

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	block    = 5 * time.Second // how long a read waits for entries
	readPage = 1000
	// maxRecent bounds the entries that are kept for requests whose ID is not known yet.
	maxRecent = 50_000
)

// reader reads the status stream for all subscriptions of a Client, over one connection. It runs while there is one.
type reader struct {
	c   *Client
	rdb redis.UniversalClient

	mu      sync.Mutex
	running bool
	placed  chan struct{} // closed when the cursor is known, or never will be
	failure error         // why it never will be
	cursor  position
	subs    map[*subscription]struct{}
	byEvent map[string]map[*subscription]struct{}
	recent  []Status // while a subscription has no event yet
	binding int      // how many have none

	state State
}

// position is a place in the status stream. Only an entry that was there can be found to be missing.
type position struct {
	id      entryID
	isEntry bool
}

func newReader(c *Client) *reader {
	return &reader{
		c: c, rdb: connect(c.source, block+c.opts.CommandTimeout),
		subs: make(map[*subscription]struct{}), byEvent: make(map[string]map[*subscription]struct{}),
	}
}

// close ends a read that waits.
func (r *reader) close() { _ = r.rdb.Close() }

// open returns a subscription for an event whose ID is not known yet: see bind. It returns when the reader has its place in the stream,
// so that nothing is missed of what is sent then.
func (r *reader) open(ctx context.Context) (*subscription, error) {
	s := &subscription{reader: r, signal: make(chan struct{}, 1)}
	r.mu.Lock()
	r.subs[s] = struct{}{}
	s.from, s.binding = len(r.recent), true
	r.binding++
	if !r.running {
		r.placed, r.failure, r.cursor = make(chan struct{}), nil, position{}
		r.running = r.c.start(r.run)
	}
	placed, running := r.placed, r.running
	r.mu.Unlock()
	if !running {
		s.close()
		return nil, ErrClosed
	}
	err := r.wait(ctx, placed)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (r *reader) wait(ctx context.Context, placed chan struct{}) error {
	select {
	case <-placed:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.failure
	case <-r.c.life.Done():
		return ErrClosed
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.state.Err != nil {
			return r.state.Err
		}
		return context.Cause(ctx)
	}
}

// run reads until nobody listens. Whatever happens to the connection, it goes on from its cursor.
func (r *reader) run(life context.Context) {
	for attempt := 0; life.Err() == nil; attempt++ {
		err := r.place(life)
		for err == nil {
			attempt = 0
			r.report(nil)
			if r.idle() {
				return
			}
			err = r.read(life)
		}
		if r.giveUp(err) {
			return
		}
		if life.Err() == nil {
			r.report(err)
		}
		if !pause(life, attempt) {
			break
		}
	}
	r.mu.Lock()
	r.running = false
	r.mu.Unlock()
}

// idle stops the reader when nobody listens.
func (r *reader) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = len(r.subs) > 0
	return !r.running
}

// giveUp: a user who may not read the stream will not be allowed to by waiting.
func (r *reader) giveUp(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.placed:
		return false
	default:
	}
	if again(err) {
		return false
	}
	r.failure, r.running = err, false
	close(r.placed)
	return true
}

func (r *reader) report(err error) {
	r.mu.Lock()
	before := r.state
	changed := before.Since.IsZero() || before.Connected != (err == nil)
	if changed {
		r.state = State{Connected: err == nil, Since: time.Now(), Err: err}
	}
	r.state.Err = err
	now := r.state
	r.mu.Unlock()
	if changed && r.c.opts.OnState != nil {
		r.c.opts.OnState(now)
	}
}

// place resolves where the stream ends now, once. `$` would be another place at each read.
func (r *reader) place(ctx context.Context) error {
	select {
	case <-r.placed:
		return nil
	default:
	}
	limited, cancel := context.WithTimeout(ctx, r.c.opts.CommandTimeout)
	defer cancel()
	info, err := streamInfo(limited, r.rdb, r.c.keys.status())
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor = position{info.last, info.last == info.lastEntry}
	close(r.placed)
	return nil
}

// info is what XINFO STREAM says.
type info struct {
	last      entryID // the last ID that was given away
	lastEntry entryID // of the last entry that is there
}

func streamInfo(ctx context.Context, rdb redis.UniversalClient, key string) (info, error) {
	reply, err := rdb.XInfoStream(ctx, key).Result()
	switch {
	case err != nil && strings.Contains(err.Error(), "no such key"):
		return info{}, nil
	case err != nil:
		return info{}, err
	}
	var i info
	i.last, _ = parseID(reply.LastGeneratedID)
	i.lastEntry, _ = parseID(reply.LastEntry.ID)
	return i, nil
}

// read waits for entries once. Whether the cursor's entry is still there is asked right behind, in the same write: trimming begins with
// the oldest, so if it is there nothing is missing.
func (r *reader) read(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, block+r.c.opts.CommandTimeout)
	defer cancel()
	at, key := r.cursor, r.c.keys.status()
	pipe := r.rdb.Pipeline()
	read := pipe.XRead(limited, &redis.XReadArgs{Streams: []string{key, at.id.String()}, Count: readPage, Block: block})
	there := pipe.XRangeN(limited, key, at.id.String(), at.id.String(), 1)
	_, _ = pipe.Exec(limited) // each command has its own error
	if err := there.Err(); err != nil {
		return err
	}
	streams, err := read.Result()
	switch {
	case err == redis.Nil: //nolint:errorlint // go-redis returns it bare
		return r.check(limited, at)
	case err != nil:
		return err
	}
	r.deliver(at, streams[0].Messages, len(there.Val()) > 0)
	return nil
}

// check finds what a read that waited in vain cannot tell: a failover lost entries, so the stream ends before the cursor; or all was
// trimmed.
func (r *reader) check(ctx context.Context, at position) error {
	i, err := streamInfo(ctx, r.rdb, r.c.keys.status())
	if err != nil || i.last == at.id || i.last.compare(i.lastEntry) == 0 && i.last.compare(at.id) > 0 {
		return err // what came meanwhile is read next
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor = position{i.last, i.last == i.lastEntry}
	r.broadcast(Gap{After: at.id.String(), Before: i.last.String()})
	return nil
}

func (r *reader) deliver(at position, messages []redis.XMessage, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.isEntry && !there && !at.id.isZero() {
		r.broadcast(Gap{After: at.id.String(), Before: messages[0].ID})
	}
	for i := range messages {
		s := decodeStatus(messages[i].ID, texts(messages[i].Values))
		r.dispatch(&s)
	}
	last, _ := parseID(messages[len(messages)-1].ID)
	r.cursor = position{last, true}
}
