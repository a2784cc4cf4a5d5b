package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// ledger counts what handlers did.
type ledger struct {
	mu      sync.Mutex
	seen    map[string]int
	order   []string
	changed chan struct{}
}

func newLedger() *ledger { return &ledger{seen: make(map[string]int), changed: make(chan struct{}, 1)} }

func (l *ledger) note(s *Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := fmt.Sprintf("%s/%d", s.EventID, s.Index)
	l.seen[name]++
	l.order = append(l.order, name)
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// wait returns when n different entries were seen.
func (l *ledger) wait(t *testing.T, n int) {
	t.Helper()
	for {
		l.mu.Lock()
		enough := len(l.seen) >= n
		l.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-l.changed:
		case <-t.Context().Done():
			t.Fatal("the test ended before all was seen")
		}
	}
}

// replica is one consumer that a test can stop.
type replica struct {
	cancel context.CancelFunc
	done   chan error
}

func startReplica(t *testing.T, c *Client, o ConsumeOptions, handle Handler) *replica {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &replica{cancel, make(chan error, 1)}
	o.Group = cmpOr(o.Group, "backend")
	o.From = cmpOr(o.From, FromStart)
	go func() { r.done <- c.Consume(ctx, o, handle) }()
	t.Cleanup(func() { cancel() })
	return r
}

func (r *replica) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// pending waits until the group has n pending entries.
func (e *engine) pending(t *testing.T, n int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		p, err := e.rdb.XPending(t.Context(), e.keys.status(), "backend").Result()
		if err == nil && p.Count == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries should be pending, and there are %+v (%v)", n, p, err)
		}
	}
}

// events writes n events of three workers each.
func (e *engine) events(n int) {
	for i := range n {
		id := fmt.Sprintf("%d-0", 1000+i)
		f := map[string]string{"type": typeScaleUp, "pod_count": "3"}
		e.accept(id, f)
		e.finish(id, f)
	}
}

// TestConsume: of two replicas one handles each outcome, once; the rest is acknowledged unseen.
func TestConsume(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(20)
	l := newLedger()
	handle := func(_ context.Context, s Status) error {
		if !s.IsOutcome() {
			t.Errorf("a %s was not filtered", s.Kind)
		}
		l.note(&s)
		return nil
	}
	a := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{}, handle)
	b := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{}, handle)
	l.wait(t, 60)
	e.pending(t, 0)
	a.stop(t)
	b.stop(t)
	for name, n := range l.seen {
		if n != 1 {
			t.Errorf("%s was handled %d times", name, n)
		}
	}
}

// TestConsumeOrder: entries of one event are handled in their order, also behind one that fails; other events go on.
func TestConsumeOrder(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(2)
	l := newLedger()
	failed := make(chan struct{})
	var reports []int
	o := ConsumeOptions{OnError: func(_ Status, attempt int, _ error) { reports = append(reports, attempt) }}
	r := startReplica(t, newClient(t, addr, Options{}), o, func(_ context.Context, s Status) error {
		if s.EventID == "1000-0" && s.Index == 1 {
			select {
			case <-failed:
			default:
				l.mu.Lock()
				enough := l.seen["1001-0/3"] > 0
				l.mu.Unlock()
				if enough { // the other event is done: it did not wait
					close(failed)
				}
				return errors.New("the database is away")
			}
		}
		l.note(&s)
		return nil
	})
	l.wait(t, 6)
	e.pending(t, 0)
	r.stop(t)
	var first []string
	for _, name := range l.order {
		if name[:4] == "1000" {
			first = append(first, name)
		}
	}
	if fmt.Sprint(first) != "[1000-0/1 1000-0/2 1000-0/3]" || len(reports) == 0 || reports[0] != 1 {
		t.Errorf("order %v, reports %v", first, reports)
	}
}

// TestConsumePanic: one entry cannot end the process.
func TestConsumePanic(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(1)
	l, calls := newLedger(), 0
	r := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{Concurrency: 1}, func(_ context.Context, s Status) error {
		if calls++; calls == 1 {
			panic("boom")
		}
		l.note(&s)
		return nil
	})
	l.wait(t, 3)
	e.pending(t, 0)
	r.stop(t)
}

// TestConsumeDeadReplica: what a dead replica had is taken over; a long handler of a living one is not.
func TestConsumeDeadReplica(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(4)
	const claimAfter = 300 * time.Millisecond
	ctx := t.Context()
	// The dead replica has read two events' entries, and never says anything again.
	e.rdb.XGroupCreate(ctx, e.keys.status(), "backend", "0")
	if err := e.rdb.Do(ctx, "XREADGROUP", "GROUP", "backend", "dead", "COUNT", "18", "STREAMS", e.keys.status(), ">").Err(); err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	long, others := make(chan struct{}), make(chan struct{})
	a := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{Consumer: "a", ClaimAfter: claimAfter},
		func(ctx context.Context, s Status) error {
			l.note(&s)
			if s.EventID == "1003-0" && s.Index == 1 {
				close(long)
				select { // it runs for several ClaimAfter
				case <-others:
				case <-ctx.Done():
					t.Error(context.Cause(ctx))
				}
			}
			return nil
		})
	<-long
	b := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{Consumer: "b", ClaimAfter: claimAfter},
		func(_ context.Context, s Status) error { l.note(&s); return nil })
	// Only two of the twelve can be missing now: those that wait behind the long one.
	l.wait(t, 10)
	late := time.NewTimer(4 * claimAfter)
	<-late.C
	close(others)
	l.wait(t, 12)
	e.pending(t, 0)
	a.stop(t)
	b.stop(t)
	for name, n := range l.seen {
		if n != 1 {
			t.Errorf("%s was handled %d times", name, n)
		}
	}
}
