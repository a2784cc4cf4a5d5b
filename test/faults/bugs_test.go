//go:build real

package faults

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// A bug is one of test/bugs, built into a binary, and what its patch says of the oracle.
type bug struct{ name, binary, scene, rule string }

// named finds the scene and the rule of O1 to O11 by which the oracle must fail a patch.
var named = regexp.MustCompile(`(?m)^Oracle: (\S+) (O[0-9]+)$`)

// TestBugs puts each bug of test/bugs, as a binary in the folder BUGS, through the scene that its patch names, and wants the
// oracle to say that the rule is broken which the patch names. The product passes the same scenes: a judge that fails
// everybody proves nothing. scripts/bugs.sh builds them all.
func TestBugs(t *testing.T) {
	dir := os.Getenv("BUGS")
	if dir == "" {
		t.Skip("BUGS names no folder of binaries: run `make bugs ORACLE=1`")
	}
	bugs := readBugs(t, dir)
	needed := map[string]bool{}
	for _, b := range bugs {
		needed[b.scene] = true
	}
	for _, f := range bugScenes {
		if needed[f.name] {
			t.Run("product-"+f.name, func(t *testing.T) {
				t.Parallel()
				if report := f.report(t, filepath.Join(dir, "product")); report.Failed() {
					t.Errorf("the product itself: %v", report)
				}
			})
		}
	}
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			b.mustBeCaught(t)
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
		words := named.FindStringSubmatch(string(text))
		if words == nil {
			t.Fatalf("%s names no scene and rule", patch)
		}
		b := bug{name, filepath.Join(dir, name), words[1], words[2]}
		if f := os.Getenv("FAULT"); f == "" || slices.Contains(strings.Split(f, ","), b.scene) {
			bugs = append(bugs, b)
		}
	}
	return bugs
}

func (b bug) mustBeCaught(t *testing.T) {
	t.Helper()
	i := slices.IndexFunc(bugScenes, func(f fault) bool { return f.name == b.scene })
	if i < 0 {
		t.Fatalf("there is no scene %q", b.scene)
	}
	report := bugScenes[i].report(t, b.binary)
	for _, v := range report.Verdicts {
		if v.Check == b.rule && v.State == judge.Failed {
			fmt.Printf("%s: caught by %s in %s: %s\n", b.name, b.rule, b.scene, v.Findings[0])
			return
		}
	}
	fmt.Printf("%s: NOT CAUGHT by %s in %s\n", b.name, b.rule, b.scene)
	t.Errorf("the oracle does not say that %s is broken: %v", b.rule, report)
}

// bugLimit is how long anybody gets to come to rest, product or not: some bugs never do.
const bugLimit = 40 * time.Second

// report plays a scene with a binary and asks the oracle.
func (f fault) report(t *testing.T, binary string) judge.Report {
	t.Helper()
	c := newScene(t, f)
	c.Binary = binary
	f.run(c)
	c.mayRest(bugLimit)
	left, err := c.pods()
	if err != nil {
		t.Fatal(err)
	}
	return c.Report(harness.With(f.harm), func(e *judge.Evidence) {
		e.Templates, e.Leftover = slices.Collect(maps.Keys(fates)), left
	})
}

// mayRest waits for rest, and judges nobody who does not find it: that is for the oracle.
func (c *scene) mayRest(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); c.lasts(200 * time.Millisecond) {
		if s, err := c.standing(); err == nil && s.atRest() == nil {
			return
		}
	}
}
