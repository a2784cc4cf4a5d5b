//go:build real

package statusgroup

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func TestMain(m *testing.M) { redistest.VerifyMain(m) }

const group = "ottoscaler-traces"

// join is another replica.
func join(t *testing.T, f *redistest.Fixture, consumer string) *Group {
	t.Helper()
	return New(redistest.Connect(t, f.Addr).Client, Options{
		Stream: redistest.Stream, Group: group, Consumer: consumer, Count: 3, ClaimAfter: time.Minute, Logger: f.Logger(),
	})
}

func read(t *testing.T, g *Group) (ids []string) {
	t.Helper()
	entries, err := g.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range entries {
		ids = append(ids, s.ID)
	}
	return ids
}

func write(t *testing.T, f *redistest.Fixture, ids ...string) {
	t.Helper()
	for _, id := range ids {
		f.Do(t, "XADD", f.Keys.Status(), id, "kind", "closed")
	}
}

func want(t *testing.T, what string, got []string, ids ...string) {
	t.Helper()
	if d := cmp.Diff(ids, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestReadAgain: what was not acknowledged comes again before anything new, and Redis does not take its reader for dead.
func TestReadAgain(t *testing.T) {
	f := redistest.Real(t)
	g := join(t, f, "a")
	want(t, "a stream that does not exist yet", read(t, g))
	write(t, f, "1-0", "2-0", "3-0", "4-0")
	want(t, "new ones", read(t, g), "1-0", "2-0", "3-0")
	want(t, "again", read(t, g), "1-0", "2-0", "3-0")
	f.Do(t, "XCLAIM", f.Keys.Status(), group, "a", "0", "1-0", "2-0", "3-0", "IDLE", "3600000", "JUSTID")
	want(t, "after an hour", read(t, g), "1-0", "2-0", "3-0")
	for _, p := range f.Raw.XPendingExt(t.Context(), pendingArgs(f)).Val() {
		if p.Idle > time.Minute {
			t.Errorf("%s has been idle for %v", p.ID, p.Idle)
		}
	}
	if err := g.Ack(t.Context(), []string{"1-0", "2-0", "3-0"}); err != nil {
		t.Fatal(err)
	}
	want(t, "the next", read(t, g), "4-0")
	f.Do(t, "XTRIM", f.Keys.Status(), "MAXLEN", "0")
	entries, err := g.Read(t.Context())
	if err != nil || len(entries) != 1 || entries[0].ID != "4-0" || len(entries[0].Fields) > 0 {
		t.Errorf("trimmed: %v, %v", entries, err)
	}
}

// TestClaim: another replica takes over what a dead one has read, and a live one keeps what it has.
func TestClaim(t *testing.T) {
	f := redistest.Real(t)
	dead, live := join(t, f, "dead"), join(t, f, "live")
	want(t, "nothing yet", read(t, dead))
	write(t, f, "1-0", "2-0")
	want(t, "the first", read(t, dead), "1-0", "2-0")
	want(t, "not yet", read(t, live))
	f.Do(t, "XCLAIM", f.Keys.Status(), group, "dead", "0", "1-0", "2-0", "IDLE", "61000", "JUSTID")
	live.claimed = time.Time{}
	want(t, "claimed", read(t, live), "1-0", "2-0")
	want(t, "and kept until it is acknowledged", read(t, live), "1-0", "2-0")
	want(t, "the dead one again", read(t, dead))
	if err := live.Ack(t.Context(), []string{"1-0", "2-0"}); err != nil {
		t.Fatal(err)
	}
	if n := len(f.Raw.XPendingExt(t.Context(), pendingArgs(f)).Val()); n > 0 {
		t.Errorf("%d entries are pending", n)
	}
}

// TestLeave: a consumer is deleted only if no entry goes with it.
func TestLeave(t *testing.T) {
	f := redistest.Real(t)
	g := join(t, f, "a")
	want(t, "nothing yet", read(t, g))
	write(t, f, "1-0")
	want(t, "one", read(t, g), "1-0")
	leave := func() int {
		if err := g.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(f.Raw.XInfoConsumers(t.Context(), f.Keys.Status(), group).Val())
	}
	if n := leave(); n != 1 {
		t.Errorf("with a pending entry: %d consumers", n)
	}
	if err := g.Ack(t.Context(), []string{"1-0"}); err != nil {
		t.Fatal(err)
	}
	if n := leave(); n != 0 {
		t.Errorf("without one: %d consumers", n)
	}
}

// TestGroupVanishes: a group that is deleted goes on after what was read last.
func TestGroupVanishes(t *testing.T) {
	f := redistest.Real(t)
	g := join(t, f, "a")
	want(t, "nothing yet", read(t, g))
	write(t, f, "1-0")
	want(t, "one", read(t, g), "1-0")
	f.Do(t, "XGROUP", "DESTROY", f.Keys.Status(), group)
	write(t, f, "2-0")
	want(t, "the group is made again", read(t, g))
	want(t, "the next", read(t, g), "2-0")
}

func pendingArgs(f *redistest.Fixture) *goredis.XPendingExtArgs {
	return &goredis.XPendingExtArgs{Stream: f.Keys.Status(), Group: group, Start: "-", End: "+", Count: 10}
}
