package redistest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// The stream under test, and who reads it.
const (
	Stream   = "otto:scale:events"
	Group    = "ottoscaler"
	Consumer = "ottoscaler-1"
)

// Fixture is a Redis under test, as one process sees it: the product's Client, and a plain one to prepare and check.
type Fixture struct {
	Client *redis.Client
	Raw    *goredis.Client
	Keys   redis.Keys // of Stream
	Addr   string
	Log    *strings.Builder // what Logger wrote
}

// Mini is a Fixture on a fresh miniredis.
func Mini(t *testing.T) *Fixture {
	t.Helper()
	return Connect(t, miniredis.RunT(t).Addr())
}

// Real is a Fixture on a fresh redis-server.
func Real(t *testing.T) *Fixture {
	t.Helper()
	return Connect(t, Start(t).Addr)
}

// Connect is a Fixture on the Redis at an address: another process of the same installation.
func Connect(t *testing.T, addr string) *Fixture {
	t.Helper()
	client, err := redis.NewClient(redis.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	raw := goredis.NewClient(&goredis.Options{Addr: addr, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _, _ = client.Close(), raw.Close() })
	return &Fixture{Client: client, Raw: raw, Keys: redis.NewKeys(Stream), Addr: addr, Log: &strings.Builder{}}
}

// Logger writes to Log.
func (f *Fixture) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(f.Log, nil)) }

// Do runs one command and fails the test when Redis refuses it.
func (f *Fixture) Do(t *testing.T, args ...any) any {
	t.Helper()
	v, err := f.Raw.Do(t.Context(), args...).Result()
	if err != nil {
		t.Fatalf("%v: %v", args[0], err)
	}
	return v
}

// Add sends an entry.
func (f *Fixture) Add(t *testing.T, fields ...any) event.ID {
	t.Helper()
	id, ok := f.Do(t, append([]any{"XADD", Stream, "*"}, fields...)...).(string)
	if !ok {
		t.Fatal("XADD returned no ID")
	}
	return MustID(t, id)
}

// AddN sends n entries, and returns n.
func (f *Fixture) AddN(t *testing.T, n int) int {
	t.Helper()
	for range n {
		f.Add(t, "a", "b")
	}
	return n
}

// ReadNew delivers up to n new entries to a consumer, as another reader of the group would.
func (f *Fixture) ReadNew(t *testing.T, group, consumer string, n int) {
	t.Helper()
	f.Do(t, "XREADGROUP", "GROUP", group, consumer, "COUNT", n, "STREAMS", Stream, ">")
}

// Pending counts the group's pending entries.
func (f *Fixture) Pending(t *testing.T) int64 {
	t.Helper()
	summary, err := f.Raw.XPending(t.Context(), Stream, Group).Result()
	if err != nil {
		t.Fatal(err)
	}
	return summary.Count
}

// LastDelivered is the position of the group, the only one.
func (f *Fixture) LastDelivered(t *testing.T) string {
	t.Helper()
	groups, err := f.Raw.XInfoGroups(t.Context(), Stream).Result()
	if err != nil || len(groups) != 1 || groups[0].Name != Group {
		t.Fatalf("groups %v, %v", groups, err)
	}
	return groups[0].LastDeliveredID
}

// Dump is everything in Redis but the source stream and what Begin writes: strings, sorted sets of members, hashes, the fields
// of stream entries without their IDs. A key that expires has ` (expires)` after its name.
func (f *Fixture) Dump(t *testing.T) map[string]any {
	t.Helper()
	ctx := t.Context()
	all := make(map[string]any)
	for _, key := range f.Raw.Keys(ctx, "*").Val() {
		if slices.Contains([]string{Stream, f.Keys.Owner(), f.Keys.Fence(), f.Keys.Batch(), f.Keys.Complete()}, key) {
			continue
		}
		name := key
		if f.Raw.PTTL(ctx, key).Val() > 0 {
			name += " (expires)"
		}
		all[name] = f.value(ctx, key)
	}
	return all
}

func (f *Fixture) value(ctx context.Context, key string) any {
	switch f.Raw.Type(ctx, key).Val() {
	case "string":
		return f.Raw.Get(ctx, key).Val()
	case "set":
		return slices.Sorted(slices.Values(f.Raw.SMembers(ctx, key).Val()))
	case "hash":
		return f.Raw.HGetAll(ctx, key).Val()
	}
	var entries []map[string]any
	for _, m := range f.Raw.XRange(ctx, key, "-", "+").Val() {
		entries = append(entries, m.Values)
	}
	return entries
}

// MustID parses an entry ID.
func MustID(t *testing.T, s string) event.ID {
	t.Helper()
	id, err := event.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// VerifyMain is the TestMain of the packages: it silences go-redis and finds goroutines that were left behind.
func VerifyMain(m *testing.M) {
	redis.LogTo(slog.New(slog.DiscardHandler))
	// After a failed dial go-redis tries again once a second; in a closed pool that ends within a second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}
