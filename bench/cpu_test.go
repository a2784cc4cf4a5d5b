//go:build real

package bench

import (
	"os"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// cpu is CPU time by user of the machine.
type cpu map[string]time.Duration

const (
	apiServer = "API server and etcd"
	client    = "client and Redis"
)

// computed is the CPU time so far. The client is the product while it runs, else this process.
func (b *bench) computed() cpu {
	b.Helper()
	c := cpu{client: harness.CPU(b.T, b.Server.PID())}
	for _, pid := range b.Cluster.PIDs() {
		c[apiServer] += harness.CPU(b.T, pid)
	}
	if b.Running() {
		c[client] += b.CPU()
	} else {
		c[client] += harness.CPU(b.T, os.Getpid())
	}
	return c
}

// since is the CPU time per item of n.
func (c cpu) since(before cpu, n int) cpu {
	took := cpu{}
	for who := range c {
		took[who] = (c[who] - before[who]) / time.Duration(n)
	}
	return took
}

// cpuRounds is the CPU time of several rounds.
type cpuRounds []cpu

// of is the milliseconds of one user, by round.
func (s cpuRounds) of(who string) sample {
	took := sample{}
	for _, c := range s {
		took = append(took, ms(c[who]))
	}
	return took
}
