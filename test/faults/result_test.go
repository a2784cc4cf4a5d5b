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
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// page is the number of entries read at once; some have many megabytes.
const page = 500

// result is the figures of one row of the table.
type result struct {
	outcomes                       map[string]int // by state
	events, workers                int
	lost, doubled, leaked, pending int
}

// check looks at the end state: Redis' streams, the API server's audit log, and the Pods that exist. It asks the product
// nothing.
func (c *scenario) check() {
	c.t.Helper()
	sent := c.sent()
	c.result.events = len(sent)
	for _, n := range sent {
		c.result.workers += n
	}
	c.checkOutcomes(sent)
	c.checkPods()
	c.checkNothingLeft()
	r := c.result
	if r.lost+r.doubled+r.leaked+r.pending > 0 {
		c.t.Errorf("%d lost, %d doubled, %d leaked, %d pending", r.lost, r.doubled, r.leaked, r.pending)
	}
	c.runOracle()
}

// runOracle checks the order of events, from MONITOR and the audit log.
func (c *scenario) runOracle() {
	c.t.Helper()
	left, err := c.pods()
	if err != nil {
		c.t.Fatal(err)
	}
	c.Verify(c.oracleOptions(left)...)
}

// oracleOptions tell the oracle about the fault, the templates, the Pods that are left and what else the scenario knows.
func (c *scenario) oracleOptions(left []string) []func(*checker.Input) {
	return append([]func(*checker.Input){harness.WithFault(c.fault.injected), func(in *checker.Input) {
		in.Templates, in.Leftover = slices.Collect(maps.Keys(podTemplates)), left
	}}, c.judge...)
}

// sent are the events: those whose XADD was answered, and those in the stream although the reply was lost.
func (c *scenario) sent() map[string]int {
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
func (c *scenario) entries(stream string) []map[string]string {
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

// status is the whole status stream, with the entries saved before it was trimmed or flushed.
func (c *scenario) status() []map[string]string {
	c.t.Helper()
	all, known := slices.Clone(c.savedStatus), map[string]bool{}
	for _, e := range c.savedStatus {
		known[e["entry"]] = true
	}
	for _, e := range c.entries(harness.StatusKey) {
		if !known[e["entry"]] {
			all = append(all, e)
		}
	}
	return all
}

// saveStatus saves the outcomes since the last call: the status stream keeps only its last hundred thousand entries.
func (c *scenario) saveStatus() error {
	messages, err := c.Redis.XRangeN(c.t.Context(), harness.StatusKey, cmp.Or(c.savedUpTo, "-"), "+", 10*page).Result()
	for _, m := range messages {
		c.savedUpTo = "(" + m.ID
		if e := flat(m); isOutcome(e["state"]) {
			c.savedStatus = append(c.savedStatus, e)
		}
	}
	return err
}

// checkOutcomes: each worker has one outcome, and one that the fault explains.
func (c *scenario) checkOutcomes(sent map[string]int) {
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
			c.errorf("a second outcome: %v", e)
		}
		if !c.expects[e["state"]] {
			c.errorf("an outcome that the fault does not explain: %v", e)
		}
		if sent[id] == 0 && !c.load.maybe[id] {
			c.errorf("an outcome of an unknown event: %v", e)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sent)) {
		if missing := sent[id] - len(outcomes[id]); missing != 0 {
			c.result.lost += max(missing, 0)
			c.errorf("event %s: %d of %d workers have an outcome", id, len(outcomes[id]), sent[id])
		}
	}
}

func isOutcome(state string) bool {
	return slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, state)
}

// checkPods: each name had one Pod. The POST of a client that died is logged as a timeout although its Pod may exist, so the
// scheduler's bindings count too.
func (c *scenario) checkPods() {
	c.t.Helper()
	c.audit.read()
	for what, counts := range map[string]map[string]int{"created": c.audit.posted, "bound to a node": c.audit.bound} {
		for name, n := range counts {
			if n > 1 {
				c.result.doubled++
				c.errorf("%s was %s %d times", name, what, n)
			}
		}
	}
	for _, name := range c.audit.recreated {
		c.result.doubled++
		c.errorf("%s had a POST after its DELETE", name)
	}
}

// checkNothingLeft: nothing is pending, open or left.
func (c *scenario) checkNothingLeft() {
	c.t.Helper()
	pods, err := c.pods()
	if err != nil {
		c.t.Fatal(err)
	}
	open, err := c.Redis.SMembers(c.t.Context(), harness.OpenKey).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	c.result.leaked, c.result.pending = len(pods)+len(open), int(c.Pending())
	for _, left := range append(pods, open...) {
		c.errorf("left: %s", left)
	}
	dead, bad := c.entries(harness.DeadKey), len(c.load.bad)
	if len(dead) != bad {
		c.errorf("%d dead letters, want %d; the first: %v", len(dead), bad, dead[:min(1, len(dead))])
	}
}

// pods are the names of the workers' Pods that exist, whatever their labels.
func (c *scenario) pods() ([]string, error) {
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
