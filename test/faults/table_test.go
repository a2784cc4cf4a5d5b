//go:build real

package faults

import (
	"encoding/json"
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

// row is the result of one fault.
type row struct {
	fault     fault
	actions   string
	result    result
	idleAfter time.Duration // from the end of the fault
	took      time.Duration
	failed    bool
}

// report adds the scenario to the table.
func (c *scenario) report() {
	actions := strings.Join(c.actions, "; ")
	if len(c.full) > 0 {
		actions += " (in full: " + strings.Join(c.full, ", ") + ")"
	}
	r := row{
		fault: c.fault, actions: actions, result: c.result, idleAfter: c.idleAfter, took: time.Since(c.began), failed: c.t.Failed(),
	}
	resultsMu.Lock()
	defer resultsMu.Unlock()
	results = append(results, r)
	c.say("%s: %s", r.status(), r.counts())
}

func (r row) status() string {
	if r.failed {
		return "FAILED"
	}
	return "ok"
}

func (r row) counts() string {
	return fmt.Sprintf("%d events, %d workers: %d lost, %d doubled, %d leaked, %d pending",
		r.result.events, r.result.workers, r.result.lost, r.result.doubled, r.result.leaked, r.result.pending)
}

// workers counts them by outcome, unless all succeeded.
func (r row) workers() string {
	text := fmt.Sprint(r.result.workers)
	for _, state := range slices.Sorted(maps.Keys(r.result.outcomes)) {
		if r.result.outcomes["succeeded"] != r.result.workers {
			text += fmt.Sprintf(", %d %s", r.result.outcomes[state], state)
		}
	}
	return text
}

const (
	header = "| # | fault | what was done | events | workers | lost | doubled | leaked | pending | idle after | took | " +
		"| date | ottoscaler | command |\n"
	separator  = "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
	lineFormat = "| %d | %s | %s | %d | %s | %d | %d | %d | %d | %.0f s | %.0f s | %s | %s | %s | `%s` |\n"
)

// table is in Markdown.
func table(rows []row) string {
	version := strings.TrimPrefix(output(os.Getenv("OTTOSCALER"), "--version"), "ottoscaler ")
	lines := make(map[string]string, len(rows))
	for _, r := range rows {
		line := fmt.Sprintf(lineFormat, r.fault.number, r.fault.name, r.actions, r.result.events, r.workers(),
			r.result.lost, r.result.doubled, r.result.leaked, r.result.pending, r.idleAfter.Seconds(), r.took.Seconds(),
			r.status(), time.Now().UTC().Format(time.DateOnly), version, r.command())
		lines[key(line)] = line
	}
	return assemble(lines)
}

// command repeats one fault with the same random choices.
func (r row) command() string {
	command := "make faults FAULT=" + r.fault.name
	if short {
		command += " SHARE=ci"
	}
	return fmt.Sprintf("%s SEED=%d", command, seed)
}

// key is the number and the name in a line of the table, which the table is sorted by.
func key(line string) string {
	var number int
	_, _ = fmt.Sscanf(line, "| %d |", &number)
	cells := strings.Split(line, "|")
	if number == 0 || len(cells) < 3 {
		return ""
	}
	return fmt.Sprintf("%03d %s", number, strings.TrimSpace(cells[2]))
}

func assemble(lines map[string]string) string {
	var b strings.Builder
	b.WriteString(header + separator)
	for _, k := range slices.Sorted(maps.Keys(lines)) {
		b.WriteString(lines[k])
	}
	return b.String()
}

// write puts the table into the document. Faults that did not run keep their last line.
func write(rows []row) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	head, before, found := strings.Cut(string(old), marker)
	if !found {
		return fmt.Errorf("%s: no line %q", document, marker)
	}
	lines := make(map[string]string)
	for line := range strings.Lines(before + table(rows)) {
		if k := key(line); k != "" {
			lines[k] = line
		}
	}
	with := fmt.Sprintf("\nThe last result of each, with Kubernetes %s and %s:\n\n", serverVersion(), redisVersion())
	return os.WriteFile(document, []byte(head+marker+with+assemble(lines)), 0o644)
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
	var version struct{ GitVersion string }
	out, err := cluster.Kubectl("get", "--raw", "/version")
	if err == nil {
		err = json.Unmarshal([]byte(out), &version)
	}
	if err != nil {
		return err.Error()
	}
	return version.GitVersion
}
