//go:build real

package faults

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

var replicaFaults = []fault{
	{number: 4, name: "frozen", ci: true, harm: judge.Fault{Killed: true}, run: frozen},
	{number: 25, name: "watch-frozen", harm: judge.Fault{Killed: true, APIServer: true}, run: watchFrozen},
	{number: 31, name: "rolling-update", ci: true, harm: judge.Fault{Killed: true}, run: rollingUpdate},
	{number: 36, name: "soak", harm: judge.Fault{Redis: true, APIServer: true}, run: soak},
	{number: 37, name: "second-installation", ci: true, run: secondInstallation},
}

// replica is a process with an identity of its own.
type replica struct {
	*product

	identity string
}

// replica starts one, leader or standby.
func (c *scene) replica(n int) *replica {
	c.t.Helper()
	r := &replica{identity: fmt.Sprintf("ottoscaler-%d", n)}
	r.product = c.start("POD_NAME=" + r.identity)
	return r
}

// leader waits until one of them holds the Lease.
func (c *scene) leader(replicas ...*replica) (leader *replica) {
	c.t.Helper()
	c.until("a leader", func() error {
		leases, err := c.kube.CoordinationV1().Leases(c.Namespace).List(c.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		holder := ""
		for i := range leases.Items {
			if h := leases.Items[i].Spec.HolderIdentity; h != nil {
				holder = *h
			}
		}
		for _, r := range replicas {
			if r.identity == holder {
				leader = r
				return nil
			}
		}
		return fmt.Errorf("the holder is %q", holder)
	})
	return leader
}

func others(all []*replica, not *replica) (rest []*replica) {
	for _, r := range all {
		if r != not {
			rest = append(rest, r)
		}
	}
	return rest
}

// frozen: the leader sleeps past its Lease, a standby takes over, the sleeper wakes up in the middle of its work.
func frozen(c *scene) {
	rounds, sleeps := span(c, 5, 1), 5*time.Second
	all := []*replica{c.replica(0), c.replica(1)}
	c.load.steady(6)
	for range rounds {
		sleeper := c.leader(all...)
		c.lasts(3 * time.Second)
		sleeper.signal(syscall.SIGSTOP)
		c.leader(others(all, sleeper)...)
		c.lasts(sleeps)
		sleeper.signal(syscall.SIGCONT)
		c.lasts(sleeps)
	}
	c.heal()
	c.do("%d times SIGSTOP of the leader under load until the standby had led for %v, then SIGCONT", rounds, sleeps)
}

// watchFrozen: no watch says anything, and meanwhile another replica becomes the leader.
func watchFrozen(c *scene) {
	lasts := span(c, time.Minute, 20*time.Second)
	api := c.api()
	all := []*replica{c.replica(0), c.replica(1)}
	c.load.steady(4)
	c.lasts(3 * time.Second)
	api.Freeze()
	c.lasts(lasts / 3)
	old := c.leader(all...)
	old.kill()
	c.leader(others(all, old)...)
	c.lasts(lasts * 2 / 3)
	api.Thaw()
	c.heal()
	c.do("all watches silent for %v, the leader killed meanwhile", lasts)
}

// rollingUpdate: one replica after the other is replaced, in a burst.
func rollingUpdate(c *scene) {
	rounds := span(c, 5, 1)
	all := []*replica{c.replica(0), c.replica(1), c.replica(2)}
	c.load.steady(6)
	for n := range rounds * len(all) {
		c.burst(10)
		place := n % len(all)
		if code := all[place].stop(); code != 0 {
			c.t.Errorf("exit code %d after SIGTERM", code)
		}
		all[place] = c.replica(len(all) + n)
		c.leader(all...)
	}
	c.heal()
	c.do("%d rolling updates of three replicas under load", rounds)
}

// secondInstallation: somebody points another installation at the same stream.
func secondInstallation(c *scene) {
	lasts := span(c, 30*time.Second, 10*time.Second)
	c.start()
	first := c.event(1, "quick")
	c.until("the first to own the stream", func() error { return c.closed(first) })
	second := c.launch("POD_NAME=second-0", "OTTO_INSTANCE=second")
	c.load.steady(6)
	c.lasts(lasts)
	c.until("the second to say whose the stream is", func() error { return second.says("belongs to") })
	c.heal()
	c.rest()
	c.ledger.read()
	for name := range c.ledger.posted {
		if len(strings.Split(name, "-")) != 5 { // a hash stands in the names of any other installation
			c.t.Errorf("the second installation made %s", name)
		}
	}
	c.do("another OTTO_INSTANCE on the same stream for %v: it does nothing and says why", lasts)
}
