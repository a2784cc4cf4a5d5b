package leader

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// randomLink is good for a while, then slow, down, or loses answers.
func randomLink(r *rand.Rand) func(string) link {
	var state int
	var until time.Time
	return func(string) link {
		if now := time.Now(); now.After(until) {
			state, until = r.IntN(6), now.Add(time.Duration(r.IntN(30))*time.Second)
		}
		upTo := func(limit time.Duration) time.Duration { return time.Duration(r.Int64N(int64(limit))) }
		switch state {
		case 0: // slow: a request may arrive after its sender has given up
			return link{before: upTo(4 * time.Second), after: upTo(time.Second)}
		case 1:
			return link{after: upTo(20 * time.Second)}
		case 2:
			return link{err: errors.New("down")}
		case 3:
			return link{lost: r.IntN(2) == 0}
		}
		return link{before: upTo(20 * time.Millisecond), after: upTo(20 * time.Millisecond)}
	}
}

// TestAtMostOneLeads: whatever happens to requests and answers, and whichever process is stopped or killed, at no instant may
// two processes write; and when the network works again, one may.
func TestAtMostOneLeads(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := replicas{t: t, rand: rand.New(rand.NewPCG(seed, 1)), server: new(leaseServer)}
				for range 3 {
					c.join()
				}
				instants := 0
				for i := 0; i < 10_000 && !t.Failed(); i++ { // 500 s
					after(50 * time.Millisecond)
					instants += c.leaders()
					c.disturb()
				}
				for _, m := range c.members {
					m.set(nil)
				}
				after(time.Minute)
				if n := c.leaders(); n != 1 || instants < 1000 {
					t.Errorf("%d lead on a working network; there was a leader in %d of 10000 instants", n, instants)
				}
				for _, m := range c.members {
					m.end(t)
				}
				after(time.Minute)
			})
		})
	}
}

// replicas are three processes that start and stop; those that are stopping may still lead.
type replicas struct {
	t        *testing.T
	rand     *rand.Rand
	server   *leaseServer
	started  int
	members  []*contender
	stopping []*contender
}

func (r *replicas) join() {
	r.started++
	m := newContender(r.t, r.server, fmt.Sprint("pod-", r.started))
	m.leave, m.abortsWhenLost = make(chan struct{}), true
	grace := time.Duration(r.rand.IntN(20)) * time.Second
	m.set(randomLink(rand.New(rand.NewPCG(r.rand.Uint64(), 2))))
	m.start(r.t)
	stop := m.stop
	m.stop = func() {
		stop()
		time.AfterFunc(grace, func() { close(m.leave) })
	}
	r.members = append(r.members, m)
}

func (r *replicas) disturb() {
	if r.rand.IntN(400) > 0 {
		return
	}
	i := r.rand.IntN(len(r.members))
	m := r.members[i]
	if r.rand.IntN(3) == 0 {
		m.crash()
	} else {
		m.stop()
	}
	r.members[i] = r.members[len(r.members)-1]
	r.members = r.members[:len(r.members)-1]
	r.stopping = append(r.stopping, m)
	r.join()
}

func (r *replicas) leaders() int {
	n := 0
	for _, m := range append(r.stopping, r.members...) {
		if m.leads() {
			n++
		}
	}
	if n > 1 {
		r.t.Errorf("%d processes may write", n)
	}
	return min(n, 1)
}
