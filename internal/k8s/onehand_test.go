package k8s

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// weather is a random line between a process and the API server: good for a while, then slow, deaf or dumb.
func weather(r *rand.Rand) func(string) way {
	var mood int
	var until time.Time
	return func(string) way {
		if now := time.Now(); now.After(until) {
			mood, until = r.IntN(6), now.Add(time.Duration(r.IntN(30))*time.Second)
		}
		some := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
		switch mood {
		case 0: // slow, and what is sent arrives at last, when nobody waits for it any more
			return way{before: some(4 * time.Second), after: some(time.Second)}
		case 1:
			return way{after: some(20 * time.Second)}
		case 2:
			return way{err: errors.New("down")}
		case 3:
			return way{lost: r.IntN(2) == 0}
		}
		return way{before: some(20 * time.Millisecond), after: some(20 * time.Millisecond)}
	}
}

// TestOneHand: whatever becomes of requests and answers, and whoever is stopped or killed, at no instant may two
// processes write; and when the weather is fine again, one may.
func TestOneHand(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := crowd{t: t, rand: rand.New(rand.NewPCG(seed, 1)), server: new(leaseServer)}
				for range 3 {
					c.join()
				}
				led := 0
				for i := 0; i < 10_000 && !t.Failed(); i++ { // 500 s
					after(50 * time.Millisecond)
					led += c.hands()
					c.disturb()
				}
				for _, m := range c.members {
					m.set(nil)
				}
				after(time.Minute)
				if n := c.hands(); n != 1 || led < 1000 {
					t.Errorf("%d lead in fine weather; somebody led in %d of 10000 instants", n, led)
				}
				for _, m := range c.members {
					m.end(t)
				}
				after(time.Minute)
			})
		})
	}
}

// crowd is three processes that come and go; those that are leaving may still lead.
type crowd struct {
	t       *testing.T
	rand    *rand.Rand
	server  *leaseServer
	named   int
	members []*contender
	leaving []*contender
}

func (c *crowd) join() {
	c.named++
	m := newContender(c.t, c.server, fmt.Sprint("pod-", c.named))
	m.leave, m.heeds = make(chan struct{}), true
	stopping := time.Duration(c.rand.IntN(20)) * time.Second
	m.set(weather(rand.New(rand.NewPCG(c.rand.Uint64(), 2))))
	m.start(c.t)
	stop := m.stop
	m.stop = func() {
		stop()
		time.AfterFunc(stopping, func() { close(m.leave) })
	}
	c.members = append(c.members, m)
}

func (c *crowd) disturb() {
	if c.rand.IntN(400) > 0 {
		return
	}
	i := c.rand.IntN(len(c.members))
	m := c.members[i]
	if c.rand.IntN(3) == 0 {
		m.crash()
	} else {
		m.stop()
	}
	c.members[i] = c.members[len(c.members)-1]
	c.members = c.members[:len(c.members)-1]
	c.leaving = append(c.leaving, m)
	c.join()
}

func (c *crowd) hands() int {
	n := 0
	for _, m := range append(c.leaving, c.members...) {
		if m.leads() {
			n++
		}
	}
	if n > 1 {
		c.t.Errorf("%d processes may write", n)
	}
	return min(n, 1)
}
