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

// sample is what /proc says of a process.
type sample struct{ memory, files, threads int } // MiB, open, running

func (p *product) sample() sample {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return sample{memory: p.status("VmRSS:") / 1024, files: len(open), threads: p.status("Threads:")}
}

// soak: one process lives for an hour with something going wrong every minute.
func soak(c *scene) {
	minutes, minute := span(c, 60, 12), span(c, time.Minute, 8*time.Second)
	link, api := c.link(), c.api()
	p := c.start()
	c.load.steady(1)
	var samples []sample
	for range minutes {
		c.lasts(minute * 3 / 4)
		samples = append(samples, p.sample())
		c.anything(link, api, minute/4)
	}
	c.heal()
	c.rest()
	early, late := median(samples[:len(samples)/3]), median(samples[len(samples)*2/3:])
	if late.memory > early.memory+early.memory/4+8 || late.files > early.files+8 || late.threads > early.threads+8 {
		c.t.Errorf("it grows: early %+v, late %+v", early, late)
	}
	c.do("%d faults in %v; memory %d MiB early and %d late, open files %d and %d, threads %d and %d", minutes,
		time.Duration(minutes)*minute, early.memory, late.memory, early.files, late.files, early.threads, late.threads)
}

// anything breaks something for a while.
func (c *scene) anything(link *harness.Link, api *harness.API, lasts time.Duration) {
	heal := func() { link.Heal(); api.Judge(nil) }
	random := rand.New(rand.NewPCG(seed, c.random.Uint64()))
	switch c.random.IntN(6) {
	case 0:
		link.Down()
		heal = link.Up
	case 1:
		link.Spoil(`{"type":"timeout","stream":"downstream","name":"down","attributes":{"timeout":0}}`)
	case 2:
		link.Spoil(`{"type":"latency","stream":"downstream","name":"slow","attributes":{"latency":300,"jitter":200}}`)
	case 3:
		api.Down()
		heal = api.Up
	case 4:
		api.Judge(func(*http.Request) harness.Fate {
			return harness.Fate{Status: http.StatusTooManyRequests, RetryAfter: 1}
		})
	case 5:
		api.Judge(func(r *http.Request) harness.Fate {
			return harness.Fate{CutAfter: r.Method == http.MethodPost && random.IntN(3) == 0}
		})
	}
	c.lasts(lasts)
	heal()
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
