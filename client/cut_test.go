package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// xaddReply is as long as what Redis answers: $15, an ID, and two line ends.
const xaddReply = len("$15\r\n1756659802903-0\r\n")

// TestCutXAdd cuts the connection at each byte of XADD's reply, before the command and after it, and freezes it: there is one event.
func TestCutXAdd(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.start()
	p := startProxy(t, addr)
	c := newClient(t, p.addr(), Options{CommandTimeout: 2 * time.Second})
	plans := map[string]plan{
		"before the command":        {before: true},
		"frozen before the command": {before: true, freeze: true},
		"frozen after the command":  {freeze: true},
		"frozen within the reply":   {reply: 7, freeze: true},
	}
	for n := range xaddReply + 1 {
		plans[fmt.Sprintf("after %d bytes of the reply", n)] = plan{reply: n}
	}
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			plan.word = "xadd"
			before := len(e.entries(t))
			broken := p.breakNext(plan)
			run := mustRun(t, c, Request{PodCount: 2, TaskID: name})
			<-broken
			result, err := run.Wait(t.Context())
			if err != nil || !result.OK || len(result.Workers) != 2 {
				t.Errorf("%+v, %v", result, err)
			}
			sent := e.entries(t)[before:]
			accepted := 0
			for _, m := range sent {
				if m.Values[fieldKey] != run.IdempotencyKey() {
					t.Errorf("entry %s has another key", m.ID)
				}
				n, err := e.rdb.Exists(t.Context(), e.keys.event(m.ID)).Result()
				if err != nil {
					t.Fatal(err)
				}
				accepted += int(n)
			}
			// A reply that arrived whole, and one for a command that never did, leave one entry; else nobody can know, and it is sent again.
			want := 2
			if plan.before || plan.reply == xaddReply {
				want = 1
			}
			// On a busy machine a second command may be late too, and a reset discards a whole reply that nobody has read yet.
			mayBeMore := plan.freeze || plan.reply == xaddReply
			if len(sent) < want || len(sent) > want && !mayBeMore || accepted != 1 || run.Duplicate() != (len(sent) > 1) {
				t.Errorf("%d entries, %d accepted, duplicate %t", len(sent), accepted, run.Duplicate())
			}
		})
	}
}

func (e *engine) entries(t *testing.T) []redis.XMessage {
	t.Helper()
	all, err := e.rdb.XRange(t.Context(), testStream, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUnsent: Redis is frozen for longer than the caller waits. The error has the key, and with it the request is the same one.
func TestUnsent(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	p := startProxy(t, addr)
	c := newClient(t, p.addr(), Options{CommandTimeout: 2 * time.Second, SendTimeout: time.Second})
	warm, err := c.reader.open(t.Context()) // SendTimeout is for the entry alone here
	if err != nil {
		t.Fatal(err)
	}
	defer warm.close()
	p.breakNext(plan{word: "xadd", freeze: true})
	_, err = c.Run(t.Context(), Request{PodCount: 1})
	unsent, ok := errors.AsType[*UnsentError](err)
	if !ok || !unsent.MaybeSent || unsent.Key == "" || unsent.Code() != CodeUnsent {
		t.Fatal(err)
	}
	e.start()
	patient := newClient(t, addr, Options{})
	run := mustRun(t, patient, Request{PodCount: 1, IdempotencyKey: unsent.Key})
	result, err := run.Wait(t.Context())
	if err != nil || !result.OK || !run.Duplicate() {
		t.Errorf("%+v, %v, duplicate %t", result, err, run.Duplicate())
	}
}

// TestUnreachable: nothing can have been sent to a server that was never reached.
func TestUnreachable(t *testing.T) {
	p := startProxy(t, "127.0.0.1:1")
	c := newClient(t, p.addr(), Options{SendTimeout: 300 * time.Millisecond})
	_, err := c.Run(t.Context(), Request{PodCount: 1})
	if unsent, ok := errors.AsType[*UnsentError](err); !ok || unsent.MaybeSent {
		t.Error(err)
	}
}

// TestCutReader cuts connections at random while runs are followed: each sees every status once.
func TestCutReader(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.start()
	p := startProxy(t, addr)
	var mu sync.Mutex
	connected := 0
	c := newClient(t, p.addr(), Options{OnState: func(s State) {
		mu.Lock()
		defer mu.Unlock()
		if s.Connected {
			connected++
		} else if s.Err == nil {
			t.Error("not connected, and no error")
		}
	}})
	var running sync.WaitGroup
	for range 10 {
		running.Go(func() {
			for range 5 {
				run, err := c.Run(t.Context(), Request{PodCount: 3})
				if err != nil {
					t.Error(err)
					return
				}
				wantWhole(t, run)
			}
		})
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	// Not for ever: on a slow machine nobody would get anything done between two cuts.
	seed := rand.New(rand.NewPCG(1, 2))
	for cuts := 0; cuts < 50 && !within(done, time.Duration(seed.IntN(60))*time.Millisecond); cuts++ {
		p.cutAll()
	}
	<-done
	mu.Lock()
	defer mu.Unlock()
	if connected < 2 {
		t.Errorf("connected %d times: nothing was cut", connected)
	}
}

// wantWhole: seq has no gap and no repetition, but where a snapshot stands in.
func wantWhole(t *testing.T, run *Run) {
	seq, last := int64(0), ""
	for s, err := range run.Events(t.Context()) {
		if err != nil {
			t.Error(err)
			return
		}
		last = s.Kind
		switch {
		case s.Kind == KindDuplicate || s.FromSnapshot:
			seq = -1
		case seq >= 0 && s.Seq != seq+1:
			t.Errorf("%s: %d after %d", s.Kind, s.Seq, seq)
		default:
			seq = s.Seq
		}
	}
	if result, err := run.Wait(t.Context()); err != nil || len(result.Workers) != 3 || last != KindClosed {
		t.Errorf("%+v, %v, last %s", result, err, last)
	}
}

// TestTrimmed: all that happened while the client was away is gone from the status stream.
func TestTrimmed(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.hold = true
	e.start()
	p := startProxy(t, addr)
	away := make(chan struct{})
	var once sync.Once
	c := newClient(t, p.addr(), Options{OnState: func(s State) {
		if !s.Connected {
			once.Do(func() { close(away) })
		}
	}})
	run, waiting := mustRun(t, c, Request{PodCount: 2}), mustRun(t, c, Request{PodCount: 1})
	p.setRefusing(true)
	<-away
	e.finish(run.EventID(), map[string]string{"type": typeScaleUp, "pod_count": "2", "fail": "1"})
	e.step(waiting.EventID(), 1, StateRunning, "", "")
	if err := e.rdb.XTrimMaxLen(t.Context(), e.keys.status(), 1).Err(); err != nil {
		t.Fatal(err)
	}
	p.setRefusing(false)
	result, err := run.Wait(t.Context())
	if err != nil || result.OK || len(result.Workers) != 2 || result.Workers[0].State != StateFailed {
		t.Errorf("%+v, %v", result, err)
	}
	for s, err := range waiting.Events(t.Context()) {
		if err != nil || s.FromSnapshot && s.State == StateRunning {
			break
		}
	}
	e.step(waiting.EventID(), 1, StateSucceeded, "Completed", "0")
	e.close(waiting.EventID(), Counts{Succeeded: 1}, "s")
	if result, err = waiting.Wait(t.Context()); err != nil || !result.OK {
		t.Errorf("%+v, %v", result, err)
	}
	wantLine(t, summary(t, run), "1 failed (snapshot)")
	wantLine(t, summary(t, waiting), "1 succeeded")
}

func wantLine(t *testing.T, lines []string, want string) {
	t.Helper()
	if !slices.Contains(lines, want) {
		t.Errorf("%q is missing in %q", want, lines)
	}
}
