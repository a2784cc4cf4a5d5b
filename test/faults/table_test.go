//go:build real

package faults

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	document = "../../docs/faults.md"
	marker   = "<!-- written by `WRITE=1 make faults` from here on -->\n"
)

var (
	resultsMu sync.Mutex
	results   []row
)

// row is what the table says of one fault.
type row struct {
	fault  fault
	did    string
	result result
	rested time.Duration // from healing
	took   time.Duration
	failed bool
}

// report puts the scene into the table.
func (c *scene) report() {
	did := strings.Join(c.did, "; ")
	if len(c.full) > 0 {
		did += " (in full: " + strings.Join(c.full, ", ") + ")"
	}
	r := row{fault: c.fault, did: did, result: c.result, rested: c.rested, took: time.Since(c.began), failed: c.t.Failed()}
	resultsMu.Lock()
	defer resultsMu.Unlock()
	results = append(results, r)
	c.say("%s: %s", r.verdict(), r.counts())
}

func (r row) verdict() string {
	if r.failed {
		return "FAILED"
	}
	return "ok"
}

func (r row) counts() string {
	return fmt.Sprintf("%d events, %d workers: %d lost, %d doubled, %d leaked, %d pending",
		r.result.events, r.result.workers, r.result.lost, r.result.doubled, r.result.leaked, r.result.pending)
}

// workers says how they ended, unless all succeeded.
func (r row) workers() string {
	text := fmt.Sprint(r.result.workers)
	for _, state := range slices.Sorted(maps.Keys(r.result.outcomes)) {
		if r.result.outcomes["succeeded"] != r.result.workers {
			text += fmt.Sprintf(", %d %s", r.result.outcomes[state], state)
		}
	}
	return text
}

// table is Markdown that reads well in a terminal.
func table(rows []row) string {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(a.fault.number-b.fault.number, strings.Compare(a.fault.name, b.fault.name))
	})
	var b strings.Builder
	b.WriteString("| # | fault | what was done | events | workers | lost | doubled | leaked | pending | at rest after | took | |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %d | %s | %d | %d | %d | %d | %.0f s | %.0f s | %s |\n", r.fault.number, r.fault.name, r.did,
			r.result.events, r.workers(), r.result.lost, r.result.doubled, r.result.leaked, r.result.pending,
			r.rested.Seconds(), r.took.Seconds(), r.verdict())
	}
	return b.String()
}

// write puts the table into the document, with how to get it again.
func write(rows []row) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(old), marker)
	if !found {
		return fmt.Errorf("%s: no line %q", document, marker)
	}
	text := head + marker + "\n" + circumstances() + "\n" + table(rows)
	return os.WriteFile(document, []byte(text), 0o644)
}

func circumstances() string {
	command := fmt.Sprintf("SEED=%d make faults", seed)
	if short {
		command += " SHARE=ci"
	}
	if f := os.Getenv("FAULT"); f != "" {
		command += " FAULT=" + f
	}
	return fmt.Sprintf("`%s` on %s, ottoscaler %s, Kubernetes %s, %s\n", command, time.Now().UTC().Format(time.DateOnly),
		output(os.Getenv("OTTOSCALER"), "--version"), serverVersion(), redisVersion())
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

func redisVersion() string {
	words := strings.Fields(output("redis-server", "--version"))
	return strings.Join(words[:min(3, len(words))], " ")
}

func serverVersion() string {
	out, err := cluster.Kubectl("version", "-o", "jsonpath={.serverVersion.gitVersion}")
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out)
}
