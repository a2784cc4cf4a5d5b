//go:build real

package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
	"github.com/ottoscaler/ottoscaler/test/poll"
)

// A bug is a patch of test/bugs as a binary, with the scenario and the oracle's rule that must find it.
type bug struct{ name, binary, scenario, rule string }

// oracleLine is the line of a patch with the scenario and the rule, or with the reason why the oracle cannot find the bug.
var oracleLine = regexp.MustCompile(`(?m)^Oracle: (?:none, .+|(\S+) (O[0-9]+))$`)

// TestBugs runs each bug of test/bugs, a binary in the folder BUGS, through the scenario that its patch names; the oracle must
// find the rule broken that the patch names. The unpatched product passes the same scenarios: an oracle that fails every run
// proves nothing. scripts/bugs.sh builds the binaries.
func TestBugs(t *testing.T) {
	dir := os.Getenv("BUGS")
	if dir == "" {
		t.Skip("BUGS is not set: run `make bugs ORACLE=1`")
	}
	bugs := readBugs(t, dir)
	needed := map[string]bool{}
	for _, b := range bugs {
		needed[b.scenario] = true
	}
	for _, f := range slices.Concat(bugScenarios, queueBugScenarios) {
		if needed[f.name] {
			t.Run("product-"+f.name, func(t *testing.T) {
				t.Parallel()
				if report := f.report(t, filepath.Join(dir, "product")); report.Failed() {
					t.Errorf("the unpatched product: %v", report)
				}
			})
		}
	}
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			b.checkCaught(t)
		})
	}
}

func readBugs(t *testing.T, dir string) (bugs []bug) {
	t.Helper()
	patches, err := filepath.Glob("../bugs/*.patch")
	if err != nil || len(patches) == 0 {
		t.Fatalf("no patches: %v", err)
	}
	for _, patch := range patches {
		text, err := os.ReadFile(patch)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(patch), ".patch")
		words := oracleLine.FindStringSubmatch(string(text))
		if words == nil {
			t.Fatalf("%s has no line `Oracle: SCENARIO RULE` or `Oracle: none, WHY`", patch)
		}
		if words[1] == "" {
			continue
		}
		b := bug{name, filepath.Join(dir, name), words[1], words[2]}
		if f := os.Getenv("FAULT"); f == "" || slices.Contains(strings.Split(f, ","), b.scenario) {
			bugs = append(bugs, b)
		}
	}
	return bugs
}

func (b bug) checkCaught(t *testing.T) {
	t.Helper()
	all := slices.Concat(bugScenarios, queueBugScenarios)
	i := slices.IndexFunc(all, func(f fault) bool { return f.name == b.scenario })
	if i < 0 {
		t.Fatalf("unknown scenario %q", b.scenario)
	}
	report := all[i].report(t, b.binary)
	for _, v := range report.Results {
		if v.Check == b.rule && v.State == checker.Failed {
			fmt.Printf("%s: caught by %s in %s: %s\n", b.name, b.rule, b.scenario, v.Findings[0])
			return
		}
	}
	fmt.Printf("%s: NOT CAUGHT by %s in %s\n", b.name, b.rule, b.scenario)
	t.Errorf("the oracle does not find %s broken: %v", b.rule, report)
}

// bugLimit is the time to become idle: some bugs never do.
const bugLimit = 40 * time.Second

// report runs a scenario with a binary and returns the oracle's report.
func (f fault) report(t *testing.T, binary string) checker.Report {
	t.Helper()
	c := newScenario(t, f)
	c.Binary = binary
	f.run(c)
	c.tryIdle(bugLimit)
	left, err := c.pods()
	if err != nil {
		t.Fatal(err)
	}
	return c.Report(c.oracleOptions(left)...)
}

// tryIdle waits until the run is idle, without failing the test: that is the oracle's task.
func (c *scenario) tryIdle(limit time.Duration) {
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	_ = poll.Until(ctx, idlePause, c.idle)
}
