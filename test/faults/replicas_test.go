//go:build real

package faults

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var replicaFaults = []fault{
	{number: 4, name: "frozen", ci: true, injected: checker.Fault{Killed: true}, run: frozen},
	{number: 25, name: "watch-frozen", injected: checker.Fault{Killed: true, APIServer: true}, run: watchFrozen},
	{number: 31, name: "rolling-update", ci: true, injected: checker.Fault{Killed: true}, run: rollingUpdate},
	{number: 36, name: "soak", injected: checker.Fault{Redis: true, APIServer: true}, run: soak},
	{number: 37, name: "second-installation", ci: true, run: secondInstallation},
}

// replica is a process with its own identity.
type replica struct {
	*product

	identity string
}

// replica starts a replica, leader or standby.
func (c *scenario) replica(n int) *replica {
	c.t.Helper()
	r := &replica{identity: fmt.Sprintf("ottoscaler-%d", n)}
	r.product = c.start("POD_NAME=" + r.identity)
	return r
}

// leader waits until one of the replicas holds the Lease.
func (c *scenario) leader(replicas ...*replica) (leader *replica) {
	c.t.Helper()
	c.Eventually("a leader", func() error {
		leases, err := c.kube.CoordinationV1().Leases(c.Namespace).List(c.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		identity := ""
		for i := range leases.Items {
			if h := leases.Items[i].Spec.HolderIdentity; h != nil {
				identity = *h
			}
		}
		for _, r := range replicas {
			if r.identity == identity {
				leader = r
				return nil
			}
		}
		return fmt.Errorf("the Lease is held by %q", identity)
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

// frozen: the leader is stopped past its Lease, a standby takes over, the old leader continues in the middle of its work.
func frozen(c *scenario) {
	rounds, pause := sized(c, 5, 1), 5*time.Second
	all := []*replica{c.replica(0), c.replica(1)}
	c.load.steady(6)
	for range rounds {
		stopped := c.leader(all...)
		c.wait(3 * time.Second)
		stopped.signal(syscall.SIGSTOP)
		c.leader(others(all, stopped)...)
		c.wait(pause)
		stopped.signal(syscall.SIGCONT)
		c.wait(pause)
	}
	c.endFault()
	c.describe("%d times SIGSTOP of the leader under load until the standby had led for %v, then SIGCONT", rounds, pause)
}

// watchFrozen: no watch sends events, and meanwhile another replica becomes the leader.
func watchFrozen(c *scenario) {
	duration := sized(c, time.Minute, 20*time.Second)
	api := c.apiProxy()
	all := []*replica{c.replica(0), c.replica(1)}
	c.load.steady(4)
	c.wait(3 * time.Second)
	api.Freeze()
	c.wait(duration / 3)
	old := c.leader(all...)
	old.kill()
	c.leader(others(all, old)...)
	c.wait(duration * 2 / 3)
	api.Thaw()
	c.endFault()
	c.describe("all watches frozen for %v, the leader killed meanwhile", duration)
}

// rollingUpdate: one replica after the other is replaced during a burst.
func rollingUpdate(c *scenario) {
	rounds := sized(c, 5, 1)
	all := []*replica{c.replica(0), c.replica(1), c.replica(2)}
	c.load.steady(6)
	for n := range rounds * len(all) {
		c.burst(10)
		i := n % len(all)
		if code := all[i].stop(); code != 0 {
			c.t.Errorf("exit code %d after SIGTERM", code)
		}
		all[i] = c.replica(len(all) + n)
		c.leader(all...)
	}
	c.endFault()
	c.describe("%d rolling updates of three replicas under load", rounds)
}

// secondInstallation: another installation is configured with the same stream.
func secondInstallation(c *scenario) {
	duration := sized(c, 30*time.Second, 10*time.Second)
	c.start()
	first := c.event(1, "quick")
	c.Eventually("the first to own the stream", func() error { return c.closed(first) })
	second := c.launch("POD_NAME=second-0", "OTTO_INSTANCE=second")
	c.load.steady(6)
	c.wait(duration)
	c.Eventually("the second to log that the stream is owned", func() error { return second.logged("belongs to") })
	c.endFault()
	c.waitIdle()
	c.audit.read()
	for name := range c.audit.posted {
		if len(strings.Split(name, "-")) != 5 { // the names of any other installation contain a hash
			c.t.Errorf("the second installation created %s", name)
		}
	}
	c.describe("another OTTO_INSTANCE on the same stream for %v: it stays idle and logs the reason", duration)
}
