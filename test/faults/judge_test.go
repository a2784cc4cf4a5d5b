//go:build real

package faults

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// page is how many entries are read at once; some are of many megabytes.
const page = 500

// result is one row of the table.
type result struct {
	outcomes                       map[string]int // by state
	events, workers                int
	lost, doubled, leaked, pending int
}

// judge looks at the end: Redis' streams, the API server's audit log, and the Pods there are. It asks the product
// nothing.
func (c *scene) judge() {
	c.t.Helper()
	sent := c.sent()
	c.result.events = len(sent)
	for _, n := range sent {
		c.result.workers += n
	}
	c.judgeOutcomes(sent)
	c.judgePods()
	c.judgeRest()
	r := c.result
	if r.lost+r.doubled+r.leaked+r.pending > 0 {
		c.t.Errorf("%d lost, %d doubled, %d leaked, %d pending", r.lost, r.doubled, r.leaked, r.pending)
	}
	c.oracle()
}

// oracle asks the judge of all tests, too: it knows the order of things, from MONITOR.
func (c *scene) oracle() {
	c.t.Helper()
	left, err := c.pods()
	if err != nil {
		c.t.Fatal(err)
	}
	c.Judge(harness.With(c.fault.harm), func(e *judge.Evidence) {
		e.Templates, e.Leftover = slices.Collect(maps.Keys(fates)), left
	})
}

// sent are the events: what XADD said it took, and what is in the stream although its reply was lost.
func (c *scene) sent() map[string]int {
	c.t.Helper()
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	sent := maps.Clone(c.load.sent)
	for _, e := range c.entries(harness.Stream) {
		n, err := strconv.Atoi(e["pod_count"])
		if err == nil && e["type"] == "scale_up" {
			sent[e["entry"]] = n
		}
	}
	for id := range c.load.bad {
		delete(sent, id)
	}
	for id := range c.load.maybe {
		delete(sent, id)
	}
	return sent
}

// entries returns a stream's entries as flat maps.
func (c *scene) entries(stream string) []map[string]string {
	c.t.Helper()
	var out []map[string]string
	for from := "-"; ; {
		messages, err := c.Redis.XRangeN(c.t.Context(), stream, from, "+", page).Result()
		if err != nil {
			c.t.Fatal(err)
		}
		for _, m := range messages {
			out = append(out, flat(m))
		}
		if len(messages) < page {
			return out
		}
		from = "(" + messages[len(messages)-1].ID
	}
}

func flat(m goredis.XMessage) map[string]string {
	e := map[string]string{"entry": m.ID}
	for k, v := range m.Values {
		if s, ok := v.(string); ok && len(s) <= 1<<10 {
			e[k] = s
		}
	}
	return e
}

// status is the whole status stream, with what was kept of it while it was longer, or before it was flushed.
func (c *scene) status() []map[string]string {
	c.t.Helper()
	all, known := slices.Clone(c.kept), map[string]bool{}
	for _, e := range c.kept {
		known[e["entry"]] = true
	}
	for _, e := range c.entries(statusKey) {
		if !known[e["entry"]] {
			all = append(all, e)
		}
	}
	return all
}

// keep takes in what was said of outcomes since the last time: the status stream has only its last hundred thousand entries.
func (c *scene) keep() error {
	messages, err := c.Redis.XRangeN(c.t.Context(), statusKey, cmp.Or(c.heard, "-"), "+", 10*page).Result()
	for _, m := range messages {
		c.heard = "(" + m.ID
		if e := flat(m); isOutcome(e["state"]) {
			c.kept = append(c.kept, e)
		}
	}
	return err
}

// judgeOutcomes: each worker has one outcome, of a kind that may be.
func (c *scene) judgeOutcomes(sent map[string]int) {
	c.t.Helper()
	outcomes := map[string]map[string]int{} // by event, by slot
	c.result.outcomes = map[string]int{}
	for _, e := range c.status() {
		if e["kind"] != "worker" || !isOutcome(e["state"]) {
			continue
		}
		id := e["event_id"]
		if outcomes[id] == nil {
			outcomes[id] = map[string]int{}
		}
		outcomes[id][e["index"]]++
		c.result.outcomes[e["state"]]++
		if outcomes[id][e["index"]] > 1 {
			c.result.doubled++
			c.wrong("a second outcome: %v", e)
		}
		if !c.expects[e["state"]] {
			c.wrong("an outcome that nothing here explains: %v", e)
		}
		if sent[id] == 0 && !c.load.maybe[id] {
			c.wrong("an outcome of nobody's event: %v", e)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sent)) {
		if missing := sent[id] - len(outcomes[id]); missing != 0 {
			c.result.lost += max(missing, 0)
			c.wrong("event %s: %d of %d workers have an outcome", id, len(outcomes[id]), sent[id])
		}
	}
}

func isOutcome(state string) bool {
	return slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, state)
}

// judgePods: of each name there was one Pod. The POST of a client that died is logged as a timeout although its Pod may
// have been made, so the scheduler's bindings count too.
func (c *scene) judgePods() {
	c.t.Helper()
	c.ledger.read()
	for what, counts := range map[string]map[string]int{"created": c.ledger.posted, "bound to a node": c.ledger.bound} {
		for name, n := range counts {
			if n > 1 {
				c.result.doubled++
				c.wrong("%s was %s %d times", name, what, n)
			}
		}
	}
	for _, name := range c.ledger.late {
		c.result.doubled++
		c.wrong("%s was asked for after it had been deleted", name)
	}
}

// judgeRest: nothing is pending, open or left.
func (c *scene) judgeRest() {
	c.t.Helper()
	pods, err := c.pods()
	if err != nil {
		c.t.Fatal(err)
	}
	open, err := c.Redis.SMembers(c.t.Context(), openKey).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	c.result.leaked, c.result.pending = len(pods)+len(open), int(c.Pending())
	for _, left := range append(pods, open...) {
		c.wrong("left: %s", left)
	}
	dead, bad := c.entries(deadKey), len(c.load.bad)
	if len(dead) != bad {
		c.wrong("%d dead letters, want %d; the first: %v", len(dead), bad, dead[:min(1, len(dead))])
	}
}

// pods are the names of the workers' Pods there are, whatever their labels.
func (c *scene) pods() ([]string, error) {
	list, err := c.kube.CoreV1().Pods(c.Namespace).List(c.t.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Pods: %w", err)
	}
	var names []string
	for i := range list.Items {
		if name := list.Items[i].Name; strings.HasPrefix(name, "otto-agent-") && !c.foreign[name] {
			names = append(names, name)
		}
	}
	return names, nil
}
