package client

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// add writes status entries with the IDs `<n>-0`.
func (e *engine) add(from, to int) {
	e.t.Helper()
	for n := from; n <= to; n++ {
		id := fmt.Sprintf("%d-0", n)
		fields := []string{"kind", "settled", "event_id", id}
		if err := e.rdb.XAdd(e.t.Context(), &redis.XAddArgs{Stream: e.keys.status(), ID: id, Values: fields}).Err(); err != nil {
			e.t.Fatal(err)
		}
	}
}

// follow1 yields what Follow does, until it has n items.
func follow1(t *testing.T, c *Client, from string, n int, each func(seen int)) []string {
	t.Helper()
	var got []string
	for i, err := range c.Follow(t.Context(), from) {
		switch {
		case err != nil:
			t.Fatal(err)
		case i.Gap != nil:
			got = append(got, "gap "+i.Gap.After+" "+i.Gap.Before)
		default:
			got = append(got, i.Status.ID)
		}
		if len(got) == n {
			break
		}
		if each != nil {
			each(len(got))
		}
	}
	return got
}

func TestFollow(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	c := newClient(t, addr, Options{})
	e.add(1, 3)
	live := func(seen int) {
		if seen == 1 {
			e.add(4, 5)
		}
	}
	if diff := cmp.Diff([]string{"1-0", "2-0", "3-0", "4-0", "5-0"}, follow1(t, c, FromStart, 5, live)); diff != "" {
		t.Errorf("from the start: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3-0", "4-0", "5-0"}, follow1(t, c, "2-0", 3, nil)); diff != "" {
		t.Errorf("from a cursor: -want +got:\n%s", diff)
	}
	if err := e.rdb.XTrimMaxLen(t.Context(), e.keys.status(), 2).Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gap 2-0 4-0", "4-0", "5-0"}, follow1(t, c, "2-0", 3, nil)); diff != "" {
		t.Errorf("from a trimmed cursor: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"gap 9-0 5-0"}, follow1(t, c, "9-0", 1, nil)); diff != "" {
		t.Errorf("from a cursor that a failover lost: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"4-0"}, follow1(t, c, FromStart, 1, nil)); diff != "" {
		t.Errorf("from the start of a trimmed stream: -want +got:\n%s", diff)
	}
	for _, err := range c.Follow(t.Context(), "yesterday") {
		if _, ok := errors.AsType[*RequestError](err); !ok {
			t.Error(err)
		}
	}
}

// TestFollowNow: what was written before is not yielded, and the context ends it.
func TestFollowNow(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	c := newClient(t, addr, Options{})
	e.add(1, 3)
	sub, err := c.reader.open(t.Context()) // the reader has its place
	if err != nil {
		t.Fatal(err)
	}
	defer sub.close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, added := []string{}, make(chan struct{})
	go func() {
		defer close(added)
		for n := 4; ctx.Err() == nil; n++ {
			e.add(n, n)
		}
	}()
	last := error(nil)
	for i, err := range c.Follow(ctx, FromNow) {
		if last = err; err != nil {
			break
		}
		if got = append(got, i.Status.ID); len(got) == 3 {
			cancel()
			<-added
		}
	}
	if first, _ := parseID(got[0]); first.ms < 4 || !errors.Is(last, context.Canceled) {
		t.Errorf("got %v, %v", got[0], last)
	}
	for i := 1; i < len(got); i++ {
		a, _ := parseID(got[i-1])
		if b, _ := parseID(got[i]); b.ms != a.ms+1 {
			t.Errorf("%s after %s", got[i], got[i-1])
		}
	}
}

// TestFollowSlowly: a follower that is far behind loses nothing, and what waits for it is bounded.
func TestFollowSlowly(t *testing.T) {
	const n = 3 * followLimit
	addr := startRedis(t)
	e := newEngine(t, addr)
	c := newClient(t, addr, Options{})
	e.add(1, 1)
	seen := 0
	for i, err := range c.Follow(t.Context(), FromStart) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; i.Gap != nil || i.Status.ID != fmt.Sprintf("%d-0", seen) {
			t.Fatalf("%+v, want %d", i, seen)
		}
		if seen == 1 {
			e.bulk(2, n)
			// The reader has read them all when a later subscription has the last one.
			sub, err := c.reader.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sub.bind(fmt.Sprintf("%d-0", n))
			if c.reader.position().id.ms < n {
				if _, _, err := sub.next(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			sub.close()
		}
		if seen == n {
			return
		}
	}
}

func (r *reader) position() position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor
}

func (e *engine) bulk(from, to int) {
	pipe := e.rdb.Pipeline()
	for n := from; n <= to; n++ {
		id := fmt.Sprintf("%d-0", n)
		fields := []string{"kind", "settled", "event_id", id}
		pipe.XAdd(e.t.Context(), &redis.XAddArgs{Stream: e.keys.status(), ID: id, Values: fields})
	}
	if _, err := pipe.Exec(e.t.Context()); err != nil {
		e.t.Error(err)
	}
}

// TestCursors: the reader notices what it missed, and what a failover took back.
func TestCursors(t *testing.T) {
	addr := startRedis(t)
	for _, c := range cases[struct {
		Name, Cursor string
		Entries      []string
		Last         string `json:"last_generated_id"`
		Reads        []string
		After        string `json:"cursor_after"`
		Gap          *Gap
	}](t, "cursors.json") {
		t.Run(c.Name, func(t *testing.T) {
			e := newEngine(t, addr)
			prepareStream(t, e, c.Entries, c.Last)
			own := newClient(t, addr, Options{})
			r := own.reader
			sub := &subscription{reader: r, signal: make(chan struct{}, 1), all: true}
			r.subs[sub] = struct{}{}
			id, _ := parseID(c.Cursor)
			r.cursor = position{id, true}
			var err error
			if len(c.Reads) > 0 {
				err = r.read(t.Context())
			} else {
				err = r.check(t.Context(), r.cursor)
			}
			if err != nil {
				t.Fatal(err)
			}
			var reads []string
			var gap *Gap
			for _, i := range sub.queue {
				if i.gap != nil {
					gap = i.gap
				} else {
					reads = append(reads, i.status.ID)
				}
			}
			if diff := cmp.Diff(c.Gap, gap); diff != "" || r.cursor.id.String() != c.After || len(reads) != len(c.Reads) {
				t.Errorf("cursor %s, read %v; gap: -want +got:\n%s", r.cursor.id, reads, diff)
			}
		})
	}
}

func prepareStream(t *testing.T, e *engine, entries []string, last string) {
	t.Helper()
	e.rdb.Del(t.Context(), e.keys.status())
	for _, id := range entries {
		e.rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: e.keys.status(), ID: id, Values: []string{"kind", "settled", "event_id", id}})
	}
	if len(entries) == 0 && last != "0-0" { // all were trimmed
		e.rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: e.keys.status(), ID: last, Values: []string{"kind", "settled"}})
		e.rdb.XTrimMaxLen(t.Context(), e.keys.status(), 0)
	}
}
