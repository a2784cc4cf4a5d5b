//go:build real

// Package faults injects faults into what the product depends on, one at a time, and checks afterwards that no event is lost,
// no worker ran twice and nothing is left. The numbers are those of docs/faults.md; `make faults` runs it.
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
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// fault is one fault and its scenario.
type fault struct {
	number int
	name   string
	// ci: CI runs it, possibly with smaller values (see sized).
	ci bool
	// alone: it breaks a shared part, so nothing else runs at that time.
	alone bool
	// redis are further arguments of redis-server.
	redis []string
	// injected is what the oracle must know about the fault.
	injected checker.Fault
	run      func(*scenario)
}

const (
	nodeGrace  = 20 * time.Second // until a node without heartbeats counts as lost
	evictAfter = 5 * time.Second  // until its Pods are then deleted
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
	logging.Disable() // Redis is down on purpose
	var err error
	cluster, err = harness.StartCluster("kwok", "--nodes", "2", "--node-grace", nodeGrace.String(), "--evict-after", evictAfter.String())
	if err != nil {
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

// TestFaults runs the faults of shared parts one by one, then the others in parallel.
func TestFaults(t *testing.T) {
	all := slices.Concat(processFaults, redisFaults, apiFaults, podFaults, downFaults, replicaFaults, admissionFaults, controlFaults, healthFaults,
		batchFaults, backendFaults)
	chosen := slices.DeleteFunc(all, func(f fault) bool { return !f.chosen() })
	if len(chosen) == 0 {
		t.Fatalf("FAULT=%q and SHARE=%q select no fault", os.Getenv("FAULT"), os.Getenv("SHARE"))
	}
	slices.SortStableFunc(chosen, func(a, b fault) int { return a.number - b.number })
	for _, f := range chosen {
		t.Run(fmt.Sprintf("%d-%s", f.number, f.name), func(t *testing.T) {
			if !f.alone {
				t.Parallel()
			}
			runScenario(t, f)
		})
	}
}

// chosen: the faults named by FAULT, by number or name, else those of the share; with a leading minus all but the named.
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

func runScenario(t *testing.T, f fault) {
	c := newScenario(t, f)
	defer c.report()
	f.run(c)
	c.waitIdle()
	c.check()
}
