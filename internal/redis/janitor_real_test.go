//go:build real

package redis

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"
)

const retention = time.Hour

// TestJanitor: the stream has the old entries 1-0 to 4-0 and one of now. What is left of the old ones?
func TestJanitor(t *testing.T) {
	ours := func(n int) func(*testing.T, *place) { return reads(group, consumer, n) }
	cases := map[string]struct {
		prepare []func(*testing.T, *place)
		want    string
	}{
		"all dealt with":                 {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0")}, ""},
		"some not delivered":             {[]func(*testing.T, *place){ours(2), acks(group, "1-0", "2-0")}, "3-0 4-0"},
		"some pending":                   {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "3-0", "4-0")}, "2-0 3-0 4-0"},
		"pending with another consumer":  {[]func(*testing.T, *place){reads(group, "by hand", 3), acks(group, "1-0")}, "2-0 3-0 4-0"},
		"all undelivered":                {nil, "1-0 2-0 3-0 4-0"},
		"another group has some pending": {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makes("other"), reads("other", "c", 5), acks("other", "1-0", "2-0")}, "3-0 4-0"},
		"another group has not read all": {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makes("other"), reads("other", "c", 1), acks("other", "1-0")}, "2-0 3-0 4-0"},
		"another group is abandoned":     {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), makes("other")}, ""},
		"our group is gone":              {[]func(*testing.T, *place){func(t *testing.T, p *place) { p.do(t, "XGROUP", "DESTROY", stream, group) }}, "1-0 2-0 3-0 4-0"},
		"another term has begun":         {[]func(*testing.T, *place){ours(5), acks(group, "1-0", "2-0", "3-0", "4-0"), func(t *testing.T, p *place) { p.begun(t) }}, "1-0 2-0 3-0 4-0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := realPlace(t)
			j := p.begun(t)
			for _, id := range []string{"1-0", "2-0", "3-0", "4-0"} {
				p.do(t, "XADD", stream, id, "a", "b")
			}
			now := p.add(t, "a", "b").String()
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
			for _, m := range p.raw.XRange(t.Context(), stream, "-", "+").Val() {
				left = append(left, m.ID)
			}
			if diff := cmp.Diff(append(strings.Fields(c.want), now), left); diff != "" {
				t.Error(diff)
			}
			said := 0
			if name == "another group is abandoned" {
				said = 1
			}
			if got := strings.Count(p.logged.String(), "is abandoned"); got != said {
				t.Errorf("it said %d times that a group is abandoned", got)
			}
		})
	}
}

func makes(name string) func(*testing.T, *place) {
	return func(t *testing.T, p *place) { p.do(t, "XGROUP", "CREATE", stream, name, "0") }
}

func reads(name, as string, n int) func(*testing.T, *place) {
	return func(t *testing.T, p *place) {
		p.do(t, "XREADGROUP", "GROUP", name, as, "COUNT", n, "STREAMS", stream, ">")
	}
}

func acks(name string, ids ...string) func(*testing.T, *place) {
	return func(t *testing.T, p *place) {
		for _, id := range ids {
			p.do(t, "XACK", stream, name, id)
		}
	}
}

func TestAbandonedGroupComesBack(t *testing.T) {
	p := newPlace(t, "127.0.0.1:1")
	j := NewJanitor(p.journal(), JanitorOptions{Retention: retention})
	seen := func(idle ...time.Duration) reader {
		r := reader{name: "other"}
		for _, d := range idle {
			r.consumers = append(r.consumers, goredis.XInfoConsumer{Idle: d})
		}
		return r
	}
	for i, c := range []struct {
		group reader
		gone  bool
		said  int
	}{
		{seen(2*retention, time.Minute), false, 0},
		{seen(2*retention, retention), true, 1},
		{seen(), true, 1},
		{seen(0), false, 1},
		{seen(retention), true, 2},
	} {
		if got := j.gone(c.group); got != c.gone || strings.Count(p.logged.String(), "abandoned") != c.said {
			t.Errorf("%d: gone %v; said: %s", i, got, p.logged)
		}
	}
}

// TestJanitorRuns: it trims by itself, and ends with the context; before the term begins it leaves all as it is.
func TestJanitorRuns(t *testing.T) {
	p := realPlace(t)
	j := p.journal()
	p.do(t, "XADD", stream, "1-0", "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- NewJanitor(j, JanitorOptions{Retention: retention, Every: time.Millisecond}).Run(ctx) }()
	begin(t, j)
	reads(group, consumer, 1)(t, p)
	if n := p.raw.XLen(t.Context(), stream).Val(); n != 1 {
		t.Errorf("%d entries while one is pending", n)
	}
	acks(group, "1-0")(t, p)
	for range 1000 {
		if p.raw.XLen(t.Context(), stream).Val() == 0 {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := p.raw.XLen(t.Context(), stream).Val(); n != 0 || strings.Contains(p.logged.String(), "WARN") {
		t.Errorf("%d entries are left; it said: %s", n, p.logged)
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
