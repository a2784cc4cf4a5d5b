package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// crowd is a full house of 14 places for three queues of 40 workers each.
type crowd struct {
	*scenario

	choose func(c *crowd, ms int) string // the queue whose worker starts; empty: none
	live   map[string]int
	next   map[string]int // the slot that starts next
	ends   []crowdEnd
}

type crowdEnd struct {
	ms    int
	queue string
	slot  int
}

const (
	crowdPlaces  = 14
	crowdWorkers = 40
)

var (
	crowdNames   = []string{"a", "b", "c"}
	crowdEvents  = map[string]string{"a": at(0), "b": at(1), "c": at(2)}
	crowdWeights = map[string]Queue{"a": {Weight: 1}, "b": {Weight: 2}, "c": {Weight: 4}}
)

// newCrowd runs until all workers have started; fields are more of each event.
func newCrowd(choose func(*crowd, int) string, fields ...string) *crowd {
	c := &crowd{choose: choose, live: map[string]int{}, next: map[string]int{}}
	c.scenario = &scenario{queues: map[string]string{}, Input: healthy().Input}
	c.MaxInFlight, c.Capacity, c.Queues = 2, crowdPlaces, crowdWeights
	for i, q := range crowdNames {
		event := crowdEvents[q]
		c.queues[event], c.next[q] = q, 1
		c.add("send "+q, i, append([]string{"type", "scale_up", "pod_count", fmt.Sprint(crowdWorkers), "queue", q}, fields...)...)
		c.redis("accept "+q, 5, status("accepted", event))
	}
	for ms := 2000; len(c.ends) > 0 || c.waits("a") || c.waits("b") || c.waits("c"); ms += 50 {
		c.end(ms)
		c.start(ms)
	}
	return c
}

func (c *crowd) waits(queue string) bool { return c.next[queue] <= crowdWorkers }

// start fills the places: at most two POSTs in each tick, as many as may be in flight.
func (c *crowd) start(ms int) {
	for i := range 2 {
		q := c.choose(c, ms)
		if len(c.ends) == crowdPlaces || q == "" {
			return
		}
		slot := c.next[q]
		c.next[q]++
		c.live[q]++
		c.kube(fmt.Sprintf("post %s%d", q, slot), ms+i, "create", podOf(slot, crowdEvents[q]), 201)
		c.ends = append(c.ends, crowdEnd{ms + 6000 + slot*137%1000, q, slot})
	}
}

// end gives places back; the outcome is in Redis a little later.
func (c *crowd) end(ms int) {
	c.ends = slices.DeleteFunc(c.ends, func(e crowdEnd) bool {
		if e.ms > ms {
			return false
		}
		c.live[e.queue]--
		cmds := worker(crowdEvents[e.queue], e.slot, 1, "succeeded")
		if e.slot == crowdWorkers {
			cmds = append(cmds, xack(crowdEvents[e.queue]), status("settled", crowdEvents[e.queue]))
		}
		c.redis("", ms+300, cmds...)
		c.kube("", ms+400, "delete", podOf(e.slot, crowdEvents[e.queue]), 200)
		return true
	})
}

// closeAll closes the events after everything else.
func (c *crowd) closeAll() {
	last := slices.MaxFunc(c.steps, func(a, b step) int { return cmp.Compare(a.ms, b.ms) }).ms
	for _, q := range crowdNames {
		c.redis("", last+1, closed(crowdEvents[q], fmt.Sprint(crowdWorkers), "0", "0"))
	}
}

// fairest is the queue with the smallest share that has a worker to start, is not paused and below its cap.
func fairest(weight func(queue string) int, mayStart func(queue string, ms int) bool) func(*crowd, int) string {
	return func(c *crowd, ms int) string {
		best := ""
		for _, q := range crowdNames {
			if c.waits(q) && mayStart(q, ms) && (best == "" || c.live[q]*weight(best) < c.live[best]*weight(q)) {
				best = q
			}
		}
		return best
	}
}

func byWeight(queue string) int { return int(crowdWeights[queue].Weight) }
func equally(string) int        { return 1 }
func always(string, int) bool   { return true }

// inOrder starts the workers in the order of the stream.
func inOrder(c *crowd, _ int) string {
	for _, q := range crowdNames {
		if c.waits(q) {
			return q
		}
	}
	return ""
}

func TestFairShares(t *testing.T) {
	bPaused := func(q string, ms int) bool { return q != "b" || ms >= 20_000 }
	const broken = "waited with at most"
	for name, c := range map[string]struct {
		choose  func(*crowd, int) string
		finding string
		mutate  func(*crowd)
	}{
		"by weight": {fairest(byWeight, always), "", nil},
		"a paused queue gets nothing": {fairest(byWeight, bPaused), "", func(c *crowd) {
			c.redis("", 3, []string{"hset", prefix + "pause", "b", "{}"}, control("paused", "b"))
			c.redis("", 19_990, []string{"hdel", prefix + "pause", "b"}, control("resumed", "b"))
		}},
		"a queue at its cap": {
			fairest(byWeight, always), "", func(c *crowd) {
				c.Queues = map[string]Queue{"a": {}, "b": {Weight: 2}, "c": {Weight: 9, MaxWorkers: 8}}
			},
		},
		"a refused queue rests": {fairest(byWeight, bPaused), "", func(c *crowd) {
			for ms := 2000; ms < 20_000; ms += 1000 {
				c.kube("", ms, "create", podOf(crowdWorkers, crowdEvents["b"]), 422)
			}
		}},
		"without weights": {inOrder, "", func(c *crowd) { c.Queues = nil }},

		"in the order of the stream": {inOrder, broken, nil},
		"weights ignored":            {fairest(equally, always), broken, nil},
		"a queue left out":           {fairest(byWeight, bPaused), broken, nil},
		"a cap exceeded": {
			fairest(byWeight, always), "its cap is 3", func(c *crowd) {
				c.Queues = map[string]Queue{"a": {Weight: 1}, "b": {Weight: 2}, "c": {Weight: 4, MaxWorkers: 3}}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCrowd(c.choose)
			if c.mutate != nil {
				c.mutate(s)
			}
			s.closeAll()
			checkShares(t, s, c.finding)
		})
	}
}

func checkShares(t *testing.T, s *crowd, finding string) {
	t.Helper()
	for _, v := range run(t, s.scenario).Results {
		found := v.Check == "O14" && v.State == Failed && strings.Contains(strings.Join(v.Findings, "\n"), finding)
		if v.Check == "O14" && (finding == "" && v.State != OK || finding != "" && !found) {
			t.Errorf("want %q: %s %s %v", finding, v.State, v.Note, v.Findings[:min(5, len(v.Findings))])
		}
		if v.Check != "O14" && v.Check != "O9" && v.State != OK {
			t.Errorf("%s: %v", v.Check, v.Findings)
		}
	}
}

// TestNothingToCompare: weights without a full house decide nothing, which is no pass.
func TestNothingToCompare(t *testing.T) {
	s := controlled()
	s.Queues = crowdWeights
	empty := newCrowd(inOrder)
	empty.Capacity = 100 // so many places that age decides now and then
	empty.closeAll()
	for _, s := range []*scenario{s, empty.scenario} {
		r := run(t, s)
		if !slices.ContainsFunc(r.Results, func(v Result) bool { return v.Check == "O14" && v.State == Unknown }) {
			t.Errorf("O14 is decided:\n%v", r)
		}
	}
}

// TestMaxParallel: an event has no more workers at once than it allows.
func TestMaxParallel(t *testing.T) {
	for parallel, finding := range map[string]string{"14": "", "3": "its max_parallel is 3"} {
		s := newCrowd(fairest(byWeight, always), "max_parallel", parallel)
		s.Queues = nil
		s.closeAll()
		checkShares(t, s, finding)
	}
}
