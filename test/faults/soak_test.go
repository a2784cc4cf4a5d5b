//go:build real

package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// sample is figures of a process from /proc.
type sample struct{ memory, files, threads int } // MiB, open, running

func (p *product) sample() sample {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return sample{memory: p.status("VmRSS:") / 1024, files: len(open), threads: p.status("Threads:")}
}

// soak: one process runs for an hour with a fault every minute.
func soak(c *scenario) {
	minutes, minute := sized(c, 60, 12), sized(c, time.Minute, 8*time.Second)
	proxy, api := c.redisProxy(), c.apiProxy()
	p := c.start()
	c.load.steady(1)
	var samples []sample
	for range minutes {
		c.wait(minute * 3 / 4)
		samples = append(samples, p.sample())
		c.randomFault(proxy, api, minute/4)
	}
	c.endFault()
	c.waitIdle()
	early, late := median(samples[:len(samples)/3]), median(samples[len(samples)*2/3:])
	if late.memory > early.memory+early.memory/4+8 || late.files > early.files+8 || late.threads > early.threads+8 {
		c.t.Errorf("it leaks: early %+v, late %+v", early, late)
	}
	c.describe("%d faults in %v; memory %d MiB early and %d late, open files %d and %d, threads %d and %d", minutes,
		time.Duration(minutes)*minute, early.memory, late.memory, early.files, late.files, early.threads, late.threads)
}

// randomFault injects a random fault for a while.
func (c *scenario) randomFault(proxy *harness.TCPProxy, api *harness.APIProxy, duration time.Duration) {
	end := func() { proxy.ResetToxics(); api.Intercept(nil) }
	random := rand.New(rand.NewPCG(seed, c.random.Uint64()))
	switch c.random.IntN(6) {
	case 0:
		proxy.Down()
		end = proxy.Up
	case 1:
		proxy.AddToxics(`{"type":"timeout","stream":"downstream","name":"down","attributes":{"timeout":0}}`)
	case 2:
		proxy.AddToxics(`{"type":"latency","stream":"downstream","name":"slow","attributes":{"latency":300,"jitter":200}}`)
	case 3:
		api.Down()
		end = api.Up
	case 4:
		api.Intercept(func(*http.Request) harness.RequestFault {
			return harness.RequestFault{Status: http.StatusTooManyRequests, RetryAfter: 1}
		})
	case 5:
		api.Intercept(func(r *http.Request) harness.RequestFault {
			return harness.RequestFault{CutAfter: r.Method == http.MethodPost && random.IntN(3) == 0}
		})
	}
	c.wait(duration)
	end()
}

// median of each figure.
func median(samples []sample) sample {
	of := func(figure func(sample) int) int {
		var all []int
		for _, s := range samples {
			all = append(all, figure(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return sample{
		of(func(s sample) int { return s.memory }), of(func(s sample) int { return s.files }),
		of(func(s sample) int { return s.threads }),
	}
}
