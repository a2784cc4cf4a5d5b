//go:build real

// Package faults breaks what the product stands on, one way at a time, and looks at what is left when it is whole again:
// nothing lost, nothing done twice, nothing left behind. The numbers are those of docs/faults.md; `make faults` runs it.
package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// fault is one way to break things.
type fault struct {
	number int
	name   string
	// ci: it is part of what CI runs, if need be in a shorter form, which it states itself.
	ci bool
	// alone: it breaks what all share, so nothing else runs at that time.
	alone bool
	// redis are further arguments of redis-server.
	redis []string
	// harm is what the oracle must know was done on purpose.
	harm judge.Fault
	run  func(*scene)
}

const (
	nodeGrace  = 20 * time.Second // until a silent node counts as lost
	evictAfter = 5 * time.Second  // until its Pods are deleted then
)

var (
	cluster *harness.Cluster
	seed    uint64
	short   = os.Getenv("SHARE") == "ci"
	began   = time.Now()
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	seed = uint64(rand.Uint32())
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	fmt.Printf("faults: SEED=%d\n", seed)
	logging.Disable() // that a Redis is away is what is meant
	var err error
	if cluster, err = harness.StartCluster("kwok", "--nodes", "2", "--node-grace", nodeGrace.String(), "--evict-after", evictAfter.String()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	code := m.Run()
	if len(results) > 0 {
		fmt.Printf("\n%s\n", table(results))
	}
	if os.Getenv("WRITE") == "1" {
		if err := write(results); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// TestFaults runs those that break what all share one by one, then the others side by side.
func TestFaults(t *testing.T) {
	all := slices.Concat(processFaults, redisFaults, apiFaults, podFaults, downFaults, replicaFaults)
	chosen := slices.DeleteFunc(all, func(f fault) bool { return !f.chosen() })
	if len(chosen) == 0 {
		t.Fatalf("FAULT=%q and SHARE=%q leave nothing to do", os.Getenv("FAULT"), os.Getenv("SHARE"))
	}
	slices.SortStableFunc(chosen, func(a, b fault) int { return a.number - b.number })
	for _, f := range chosen {
		t.Run(fmt.Sprintf("%d-%s", f.number, f.name), func(t *testing.T) {
			if !f.alone {
				t.Parallel()
			}
			play(t, f)
		})
	}
}

// chosen: those that FAULT names, by number or name, else those of the share; with a minus before the names, without them.
func (f fault) chosen() bool {
	names, without := strings.CutPrefix(os.Getenv("FAULT"), "-")
	named := slices.ContainsFunc(strings.Split(names, ","), func(name string) bool {
		return name == fmt.Sprint(f.number) || name == f.name
	})
	if names == "" || without {
		return !named && (f.ci || !short)
	}
	return named
}

func play(t *testing.T, f fault) {
	c := newScene(t, f)
	defer c.report()
	f.run(c)
	c.rest()
	c.judge()
}
