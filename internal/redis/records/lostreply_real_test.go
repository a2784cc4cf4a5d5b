//go:build real

package records

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var losses = flag.Int("losses", 300, "how many replies TestLostReplies loses")

// quick are limits that a test can wait for.
const quick = 50 * time.Millisecond

// through is a Journal that reaches Redis through a proxy; the Fixture reaches it directly.
func through(t *testing.T, p *redistest.Fixture) (*Journal, *redistest.Proxy) {
	t.Helper()
	proxy := redistest.NewProxy(t, p.Addr)
	client, err := redis.NewClient(redis.Options{Addr: proxy.Addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	o := options()
	o.Logger = p.Logger()
	j := New(client, o)
	j.fence.sendLimit, j.fence.attemptLimit, j.fence.attemptPause = quick, quick, time.Millisecond
	begin(t, j)
	return j, proxy
}

// numbered is a batch that leaves one status entry, and what is counted for it.
func numbered(n int) []worker.Write {
	return []worker.Write{worker.Duplicate{ID: event.ID{Ms: uint64(n)}, At: at}, worker.Ack{ID: event.ID{Ms: uint64(n)}}}
}

// checkNumbered checks that the batches 1..n were applied once each, in their order.
func checkNumbered(t *testing.T, p *redistest.Fixture, n int) {
	t.Helper()
	times := make(map[string]int)
	last, swapped := event.ID{}, 0
	for _, m := range p.Raw.XRange(t.Context(), keysOf.Status(), "-", "+").Val() {
		id := redistest.MustID(t, fmt.Sprint(m.Values["event_id"]))
		times[id.String()]++
		if id.Compare(last) < 0 {
			swapped++
		}
		last = id
	}
	lost, doubled := 0, 0
	for i := range n {
		switch times[event.ID{Ms: uint64(i + 1)}.String()] {
		case 0:
			lost++
		case 1:
		default:
			doubled++
		}
	}
	if lost+doubled+swapped > 0 {
		t.Errorf("of %d batches %d are lost, %d doubled, %d out of order", n, lost, doubled, swapped)
	}
	if got := p.Raw.Get(t.Context(), keysOf.Batch()).Val(); got != fmt.Sprint(n) {
		t.Errorf("the batch number is %s, want %d", got, n)
	}
}

// unreliable loses every second reply of EXEC, those that resolve a loss too, and holds every eighth EXEC until the client may
// have given up on it.
type unreliable struct {
	random *rand.Rand
	lost   map[string]int
	held   int
}

func (u *unreliable) reply(command string, reply []byte) redistest.Reply {
	if command != "EXEC" {
		return redistest.Reply{}
	}
	var kind string
	var fate redistest.Reply
	switch u.random.IntN(12) {
	case 0, 1, 2, 3:
		kind, fate = "cut", redistest.Reply{Break: true, Keep: u.random.IntN(len(reply))}
	case 4:
		kind, fate = "halved and silent", redistest.Reply{Break: true, Keep: len(reply) / 2, Hang: true}
	case 5:
		kind, fate = "dropped", redistest.Reply{Break: true, Hang: true}
	case 6:
		kind, fate = "late", redistest.Reply{Delay: quick + quick/4}
	default:
		return fate
	}
	u.lost[kind]++
	return fate
}

func (u *unreliable) request(command string) time.Duration {
	if command != "EXEC" || u.random.IntN(8) > 0 {
		return 0
	}
	u.held++
	return time.Duration(u.random.Int64N(int64(3 * quick)))
}

func (u *unreliable) total() (n int) {
	for _, k := range u.lost {
		n += k
	}
	return n
}

// TestLostReplies: whatever happens to replies, every batch is applied once, in one term.
func TestLostReplies(t *testing.T) {
	p := redistest.Real(t)
	j, proxy := through(t, p)
	u := &unreliable{random: rand.New(rand.NewPCG(1, 2)), lost: make(map[string]int)}
	term := j.fence.held.Load().term
	proxy.Replies(u.reply)
	proxy.Requests(u.request)
	n := 0
	for total := 0; total < *losses; n++ {
		commit(t, j, numbered(n+1)...)
		proxy.Replies(func(string, []byte) redistest.Reply { return redistest.Reply{} })
		total = u.total()
		proxy.Replies(u.reply)
	}
	proxy.Pass()
	checkNumbered(t, p, n)
	if held := j.fence.held.Load(); held == nil || held.term != term {
		t.Error("it is another term")
	}
	if err := NewJanitor(j, JanitorOptions{Retention: retention}).pass(t.Context()); err != nil {
		t.Errorf("the janitor: %v", err)
	}
	t.Logf("%d batches, %d replies of EXEC lost: %v; %d EXECs held; %d new tokens", n, u.total(), u.lost, u.held, j.fence.held.Load().token)
}

// TestLateExec: an EXEC that Redis receives after the batch was sent again is not applied.
func TestLateExec(t *testing.T) {
	p := redistest.Real(t)
	j, proxy := through(t, p)
	executed := make(chan struct{}, 16)
	first := true
	proxy.Requests(func(command string) time.Duration {
		if command != "EXEC" || !first {
			return 0
		}
		first = false
		return 3 * quick
	})
	proxy.Replies(func(command string, _ []byte) redistest.Reply {
		if command == "EXEC" {
			executed <- struct{}{}
		}
		return redistest.Reply{}
	})
	commit(t, j, numbered(1)...)
	for range 3 { // the new token, the second try, and the late one
		select {
		case <-executed:
		case <-time.After(30 * time.Second):
			t.Fatal("an EXEC is missing")
		}
	}
	checkNumbered(t, p, 1)
	commit(t, j, numbered(2)...)
	if log := p.Log.String(); strings.Count(log, "OTTO212") != 1 || !strings.Contains(log, "applied=false") {
		t.Errorf("the log has\n%s", log)
	}
}

// TestAppliedBatchIsNotSentAgain is the other case of a lost reply.
func TestAppliedBatchIsNotSentAgain(t *testing.T) {
	p := redistest.Real(t)
	j, proxy := through(t, p)
	execs := 0
	proxy.Replies(func(command string, _ []byte) redistest.Reply {
		if command == "EXEC" {
			execs++
		}
		return redistest.Reply{Break: command == "EXEC" && execs == 1}
	})
	commit(t, j, numbered(1)...)
	proxy.Pass()
	checkNumbered(t, p, 1)
	if execs != 2 || !strings.Contains(p.Log.String(), "applied=true") {
		t.Errorf("%d EXECs; the log has\n%s", execs, p.Log)
	}
}

// TestFailoverLosesWrites: a replica that lacks acknowledged batches becomes the master. The term ends with its next write,
// or the next look at it, and nothing is written.
func TestFailoverLosesWrites(t *testing.T) {
	for name, c := range map[string]struct {
		batch []worker.Write
		cut   bool
	}{
		"found by a batch":        {numbered(4), false},
		"found by an empty batch": {nil, false},
		"found after a loss":      {numbered(4), true},
	} {
		t.Run(name, func(t *testing.T) {
			p, replica := redistest.Real(t), redistest.Real(t)
			j, proxy := through(t, p)
			commit(t, j, numbered(1)...)
			replicate(t, p, replica)
			replica.Do(t, "REPLICAOF", "NO", "ONE")
			commit(t, j, numbered(2)...)
			commit(t, j, numbered(3)...)
			if c.cut {
				proxy.Replies(func(command string, _ []byte) redistest.Reply {
					if command != "EXEC" {
						return redistest.Reply{}
					}
					go func() { proxy.Pass(); proxy.Switch(replica.Addr) }()
					return redistest.Reply{Break: true, Hang: true}
				})
			} else {
				proxy.Switch(replica.Addr)
			}
			if err := j.Commit(t.Context(), c.batch); !errors.Is(err, worker.ErrTermOver) || !errors.Is(err, errWritesLost) {
				t.Errorf("error %v", err)
			}
			if got := replica.Raw.XLen(t.Context(), keysOf.Status()).Val(); got != 1 {
				t.Errorf("%d status entries on the new master, want 1", got)
			}
			proxy.Pass()
			if _, known := begin(t, j); !known {
				t.Error("the next term does not know the last one")
			}
			commit(t, j, numbered(2)...)
		})
	}
}

// replicate makes the second a complete copy of the first.
func replicate(t *testing.T, master, replica *redistest.Fixture) {
	t.Helper()
	host, port, _ := strings.Cut(master.Addr, ":")
	master.Do(t, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
	replica.Do(t, "REPLICAOF", host, port)
	for range 1000 {
		if replica.Raw.Get(t.Context(), keysOf.Batch()).Val() == "1" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the replica did not follow")
}

// TestFailoverKeepsTheTerm: the new master has everything that was acknowledged.
func TestFailoverKeepsTheTerm(t *testing.T) {
	p, replica := redistest.Real(t), redistest.Real(t)
	j, proxy := through(t, p)
	commit(t, j, numbered(1)...)
	replicate(t, p, replica)
	p.Do(t, "REPLICAOF", "127.0.0.1", "1") // demoted: it answers READONLY
	proxy.Requests(func(command string) time.Duration {
		if command == "EXEC" {
			go func() { proxy.Pass(); replica.Do(t, "REPLICAOF", "NO", "ONE"); proxy.Switch(replica.Addr) }()
		}
		return 0
	})
	commit(t, j, numbered(2)...)
	checkNumbered(t, replica, 2)
}
