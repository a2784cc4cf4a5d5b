//go:build real

package records

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const retention = time.Hour

// TestJanitor: the stream has the old entries 1-0 to 4-0 and a new one; want are the old ones that are left.
func TestJanitor(t *testing.T) {
	ours := func(n int) func(*testing.T, *redistest.Fixture) { return reads(group, consumer, n) }
	cases := map[string]struct {
		prepare []func(*testing.T, *redistest.Fixture)
		want    string
	}{
		"all acknowledged":               {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0")}, ""},
		"some not delivered":             {[]func(*testing.T, *redistest.Fixture){ours(2), acks(group, "1-0", "2-0")}, "3-0 4-0"},
		"some pending":                   {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "3-0", "4-0")}, "2-0 3-0 4-0"},
		"pending with another consumer":  {[]func(*testing.T, *redistest.Fixture){reads(group, "by hand", 3), acks(group, "1-0")}, "2-0 3-0 4-0"},
		"all pending, some unreadable":   {[]func(*testing.T, *redistest.Fixture){ours(5), damages("1-0", "2-0"), acks(group, "4-0")}, "3-0 4-0"},
		"the unreadable are not all":     {[]func(*testing.T, *redistest.Fixture){ours(5), damages("2-0", "3-0"), acks(group, "4-0")}, "1-0 2-0 3-0 4-0"},
		"all pending are unreadable":     {[]func(*testing.T, *redistest.Fixture){ours(4), damages("1-0", "2-0", "3-0", "4-0")}, ""},
		"unreadable, others undelivered": {[]func(*testing.T, *redistest.Fixture){ours(2), damages("1-0", "2-0")}, "3-0 4-0"},
		"unreadable for another group":   {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makesOther, reads("other", "c", 5), damages("1-0", "2-0", "3-0", "4-0")}, "1-0 2-0 3-0 4-0"},
		"all undelivered":                {nil, "1-0 2-0 3-0 4-0"},
		"another group has some pending": {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makesOther, reads("other", "c", 5), acks("other", "1-0", "2-0")}, "3-0 4-0"},
		"another group has not read all": {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makesOther, reads("other", "c", 1), acks("other", "1-0")}, "2-0 3-0 4-0"},
		"another group is abandoned":     {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makesOther}, ""},
		"our group is missing":           {[]func(*testing.T, *redistest.Fixture){func(t *testing.T, p *redistest.Fixture) { p.Do(t, "XGROUP", "DESTROY", stream, group) }}, "1-0 2-0 3-0 4-0"},
		"another term has begun":         {[]func(*testing.T, *redistest.Fixture){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), func(t *testing.T, p *redistest.Fixture) { begun(t, p) }}, "1-0 2-0 3-0 4-0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := redistest.Real(t)
			j := begun(t, p)
			for _, id := range []string{"1-0", "2-0", "3-0", "4-0"} {
				p.Do(t, "XADD", stream, id, "a", "b")
			}
			now := p.Add(t, "a", "b").String()
			for _, prepare := range c.prepare {
				prepare(t, p)
			}
			janitor := NewJanitor(j, JanitorOptions{Retention: retention})
			for range 2 {
				if err := janitor.pass(t.Context()); (err != nil) != (name == "another term has begun") {
					t.Error(err)
				}
			}
			var left []string
			for _, m := range p.Raw.XRange(t.Context(), stream, "-", "+").Val() {
				left = append(left, m.ID)
			}
			if diff := cmp.Diff(append(strings.Fields(c.want), now), left); diff != "" {
				t.Error(diff)
			}
			logged := 0
			if name == "another group is abandoned" {
				logged = 1
			}
			if got := strings.Count(p.Log.String(), "consumer group abandoned"); got != logged {
				t.Errorf("an abandoned group was logged %d times", got)
			}
		})
	}
}

func makesOther(t *testing.T, p *redistest.Fixture) {
	p.Do(t, "XGROUP", "CREATE", stream, "other", "0")
}

func reads(name, as string, n int) func(*testing.T, *redistest.Fixture) {
	return func(t *testing.T, p *redistest.Fixture) {
		p.ReadNew(t, name, as, n)
	}
}

func acks(name string, ids ...string) func(*testing.T, *redistest.Fixture) {
	return func(t *testing.T, p *redistest.Fixture) {
		for _, id := range ids {
			p.Do(t, "XACK", stream, name, id)
		}
	}
}

// damages writes records that cannot be read.
func damages(ids ...string) func(*testing.T, *redistest.Fixture) {
	return func(t *testing.T, p *redistest.Fixture) {
		for _, id := range ids {
			p.Do(t, "HSET", keysOf.Event(redistest.MustID(t, id)), "type", "scale_up", "pod_count", "many")
		}
	}
}

// TestTrimmedUnreadableIsLogged: once for each, in however many passes; more than one page of them is passed.
func TestTrimmedUnreadableIsLogged(t *testing.T) {
	p := redistest.Real(t)
	j := begun(t, p)
	n := chunk + 1
	for i := range n {
		p.Do(t, "XADD", stream, fmt.Sprintf("1-%d", i+1), "a", "b")
		damages(fmt.Sprintf("1-%d", i+1))(t, p)
	}
	reads(group, consumer, n)(t, p)
	janitor := NewJanitor(j, JanitorOptions{Retention: retention})
	for range 2 {
		if err := janitor.pass(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if left := p.Raw.XLen(t.Context(), stream).Val(); left != 0 || p.Pending(t) != int64(n) {
		t.Errorf("%d entries are left, %d pending", left, p.Pending(t))
	}
	if logged := strings.Count(p.Log.String(), "OTTO214"); logged != n {
		t.Errorf("%d were logged, want %d", logged, n)
	}
}

func TestAbandonedGroupComesBack(t *testing.T) {
	p := redistest.Connect(t, "127.0.0.1:1")
	j := NewJanitor(newJournal(p), JanitorOptions{Retention: retention})
	seen := func(idle ...time.Duration) consumerGroup {
		r := consumerGroup{name: "other"}
		for _, d := range idle {
			r.consumers = append(r.consumers, goredis.XInfoConsumer{Idle: d})
		}
		return r
	}
	for i, c := range []struct {
		group     consumerGroup
		abandoned bool
		logged    int
	}{
		{seen(2*retention, time.Minute), false, 0},
		{seen(2*retention, retention), true, 1},
		{seen(), true, 1},
		{seen(0), false, 1},
		{seen(retention), true, 2},
	} {
		if got := j.isAbandoned(c.group); got != c.abandoned || strings.Count(p.Log.String(), "abandoned") != c.logged {
			t.Errorf("%d: abandoned %v; logged: %s", i, got, p.Log)
		}
	}
}

// TestStatusIsTrimmed: by age, read or not, and by length, about; never by a term that is over.
func TestStatusIsTrimmed(t *testing.T) {
	p := redistest.Real(t)
	opts := options()
	opts.StatusMaxLen = 1000
	j := New(p.Client, opts)
	begin(t, j)
	p.Do(t, "XADD", keysOf.Status(), "1-0", "kind", "old")
	commit(t, j, accept)
	janitor := NewJanitor(j, JanitorOptions{StatusRetention: retention})
	if err := janitor.trimStatus(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := p.Raw.XRange(t.Context(), keysOf.Status(), "-", "+").Val(); len(left) != 1 || left[0].Values["kind"] != "accepted" {
		t.Errorf("left: %v", left)
	}
	batch := make([]worker.Write, 3000)
	for i := range batch {
		batch[i] = worker.Duplicate{ID: theID, Of: theID, At: at}
	}
	commit(t, j, batch...)
	if n := p.Raw.XLen(t.Context(), keysOf.Status()).Val(); n < 1000 || n > 1200 {
		t.Errorf("%d entries, want about 1000", n)
	}
	begun(t, p)
	if err := janitor.trimStatus(t.Context()); err == nil {
		t.Error("a term that is over has trimmed")
	}
}

// TestJanitorRuns: Run trims repeatedly and ends with the context; before the term begins it changes nothing.
func TestJanitorRuns(t *testing.T) {
	p := redistest.Real(t)
	j := newJournal(p)
	p.Do(t, "XADD", stream, "1-0", "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- NewJanitor(j, JanitorOptions{Retention: retention, Every: time.Millisecond}).Run(ctx) }()
	begin(t, j)
	reads(group, consumer, 1)(t, p)
	if n := p.Raw.XLen(t.Context(), stream).Val(); n != 1 {
		t.Errorf("%d entries while one is pending", n)
	}
	acks(group, "1-0")(t, p)
	for range 1000 {
		if p.Raw.XLen(t.Context(), stream).Val() == 0 {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := p.Raw.XLen(t.Context(), stream).Val(); n != 0 || strings.Contains(p.Log.String(), "WARN") {
		t.Errorf("%d entries are left; logged: %s", n, p.Log)
	}
}

func TestJanitorThatNeverTrimsEndsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- NewJanitor(nil, JanitorOptions{Every: time.Millisecond}).Run(ctx) }()
		time.Sleep(time.Hour)
		select {
		case err := <-done:
			t.Errorf("it ended by itself: %v", err)
		default:
		}
		cancel()
		synctest.Wait()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
