package redis

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	stream   = "otto:scale:events"
	group    = "ottoscaler"
	consumer = "ottoscaler-1"
)

var us = Owner{Namespace: "ci", Instance: "ottoscaler", LeaseUID: "6fd2"}

// place is a Redis under test: the Client of the product, and a plain one to prepare and look.
type place struct {
	client *Client
	raw    *goredis.Client
	keys   Keys
	addr   string
	logged *strings.Builder
}

func mini(t *testing.T) *place {
	t.Helper()
	return newPlace(t, miniredis.RunT(t).Addr())
}

func newPlace(t *testing.T, addr string) *place {
	t.Helper()
	client, err := NewClient(Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	raw := goredis.NewClient(&goredis.Options{Addr: addr, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _, _ = client.Close(), raw.Close() })
	return &place{client: client, raw: raw, keys: NewKeys(stream), addr: addr, logged: &strings.Builder{}}
}

func (p *place) logger() *slog.Logger { return slog.New(slog.NewTextHandler(p.logged, nil)) }

func (p *place) journal() *Journal {
	o := journalOptions()
	o.Logger = p.logger()
	return NewJournal(p.client, o)
}

// begun is a Journal whose term has begun.
func (p *place) begun(t *testing.T) *Journal {
	t.Helper()
	j := p.journal()
	begin(t, j)
	return j
}

func begin(t *testing.T, j *Journal) (mark event.ID, known bool) {
	t.Helper()
	mark, known, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return mark, known
}

func journalOptions() JournalOptions {
	return JournalOptions{Stream: stream, Group: group, RecordTTL: time.Hour, Owner: us, Logger: slog.New(slog.DiscardHandler)}
}

func (p *place) source() *Source { return p.sourceAs(consumer) }

func (p *place) sourceAs(name string) *Source {
	return NewSource(p.client, SourceOptions{
		Stream: stream, Group: group, Consumer: name, Block: 50 * time.Millisecond, Logger: p.logger(),
	})
}

// do runs one command and fails the test when Redis refuses it.
func (p *place) do(t *testing.T, args ...any) any {
	t.Helper()
	v, err := p.raw.Do(t.Context(), args...).Result()
	if err != nil {
		t.Fatalf("%v: %v", args[0], err)
	}
	return v
}

func (p *place) add(t *testing.T, fields ...any) event.ID {
	t.Helper()
	id, ok := p.do(t, append([]any{"XADD", stream, "*"}, fields...)...).(string)
	if !ok {
		t.Fatal("XADD gave no ID")
	}
	return mustID(t, id)
}

func (p *place) addN(t *testing.T, n int) int {
	t.Helper()
	for range n {
		p.add(t, "a", "b")
	}
	return n
}

func (p *place) pending(t *testing.T) int64 {
	t.Helper()
	summary, err := p.raw.XPending(t.Context(), stream, group).Result()
	if err != nil {
		t.Fatal(err)
	}
	return summary.Count
}

// dump is everything in Redis but the source stream, its owner and its fence: strings, sorted sets of members, hashes, the fields of stream
// entries without their IDs. A key that expires has ` (expires)` after its name.
func (p *place) dump(t *testing.T) map[string]any {
	t.Helper()
	ctx := t.Context()
	all := make(map[string]any)
	for _, key := range p.raw.Keys(ctx, "*").Val() {
		if key == stream || key == p.keys.Owner() || key == p.keys.Fence() {
			continue
		}
		name := key
		if p.raw.PTTL(ctx, key).Val() > 0 {
			name += " (expires)"
		}
		all[name] = p.value(ctx, key)
	}
	return all
}

func (p *place) value(ctx context.Context, key string) any {
	switch p.raw.Type(ctx, key).Val() {
	case "string":
		return p.raw.Get(ctx, key).Val()
	case "set":
		return slices.Sorted(slices.Values(p.raw.SMembers(ctx, key).Val()))
	case "hash":
		return p.raw.HGetAll(ctx, key).Val()
	}
	var entries []map[string]any
	for _, m := range p.raw.XRange(ctx, key, "-", "+").Val() {
		entries = append(entries, m.Values)
	}
	return entries
}

func mustID(t *testing.T, s string) event.ID {
	t.Helper()
	id, err := event.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func ids(entries []worker.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.ID.String())
	}
	return all
}
