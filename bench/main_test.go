//go:build real

// Package bench measures the product against the limits of the API server and Redis on this machine, and compares both with the
// demands. `make bench` runs it and writes docs/benchmarks.md.
//
// A floor is the same work done by requests alone. It and the product take turns, so that both meet the same machine. Times come
// from the API server's audit log, from /proc and from Redis; the product is asked nothing.
package bench

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"k8s.io/klog/v2"
)

// row is one measurement, with one or several lines in the table.
type row struct {
	name string
	node string // the kind of cluster it needs
	ci   bool   // part of SHARE=ci, where it is shorter and compares only ratios
	asks bool   // runs only when ROW names it
	run  func(*bench)
}

// rows in the order they run: those of one cluster together, and those that fill a cluster last.
var rows = []row{
	{name: "sweep", node: "none", ci: true, run: sweep},
	{name: "burst", node: "none", ci: true, run: burst},
	{name: "events", node: "none", ci: true, run: singles},
	{name: "limiter", node: "none", run: limiter},
	{name: "arrival", node: "none", ci: true, run: arrival},
	{name: "status", node: "none", run: terminal},
	{name: "start", node: "none", run: start},
	{name: "idle", node: "none", run: idle},
	{name: "cost", node: "none", ci: true, run: cost},
	{name: "steps", node: "none", run: steps},
	{name: "waiting", node: "none", run: waiting},
	{name: "terms", node: "none", run: terms},
	{name: "hear", node: "none", run: hear},
	{name: "without", node: "none", asks: true, run: without},
	{name: "life", node: "kwok", ci: true, run: life},
	{name: "hops", node: "kwok", run: hops},
	{name: "quota", node: "kwok", run: quota},
	{name: "memory", node: "kwok", run: memory},
}

var (
	short = os.Getenv("SHARE") == "ci"
	began = time.Now()
)

func TestMain(m *testing.M) {
	logging.Disable()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // the row `limiter` would log its waits
	os.Exit(m.Run())
}

// TestBench runs the rows that ROW names, separated by commas, else all of the share.
func TestBench(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what a process uses is read from /proc")
	}
	chosen := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !r.chosen() })
	if len(chosen) == 0 {
		t.Fatalf("ROW=%q and SHARE=%q select no row; the rows are %s", os.Getenv("ROW"), os.Getenv("SHARE"), names())
	}
	var taken []result
	for len(chosen) > 0 {
		node := chosen[0].node
		n := len(chosen)
		if at := slices.IndexFunc(chosen, func(r row) bool { return r.node != node }); at > 0 {
			n = at
		}
		t.Run(node, func(t *testing.T) { taken = append(taken, take(t, node, chosen[:n])...) })
		chosen = chosen[n:]
	}
	fmt.Printf("\n%s", summary(taken))
	if !short {
		write(t, taken)
	}
}

func (r row) chosen() bool {
	if named := os.Getenv("ROW"); named != "" {
		return slices.Contains(strings.Split(named, ","), r.name)
	}
	return !r.asks && (r.ci || !short)
}

func names() string {
	var all []string
	for _, r := range rows {
		all = append(all, r.name)
	}
	return strings.Join(all, " ")
}

// take runs the rows of one kind of cluster.
func take(t *testing.T, node string, chosen []row) []result {
	t.Helper()
	fixture := newFixture(t, node)
	var taken []result
	for _, r := range chosen {
		t.Run(r.name, func(t *testing.T) {
			b := &bench{T: t, fixture: fixture, row: r, result: result{Row: r.name}}
			start := time.Now()
			b.say("begins")
			defer func() {
				b.result.Seconds = time.Since(start).Seconds()
				taken = append(taken, b.result)
				if b.Failed() {
					b.Kill() // the next row starts its own
				}
			}()
			r.run(b)
			b.fail()
			b.say("took %.0f s", time.Since(start).Seconds())
		})
	}
	return taken
}

// bench is one running row.
type bench struct {
	*testing.T
	*fixture

	row    row
	result result
}

// say shows progress.
func (b *bench) say(format string, args ...any) {
	fmt.Printf("%5.0fs  %-8s %s\n", time.Since(began).Seconds(), b.row.name, fmt.Sprintf(format, args...))
}

// sized is the full value, or the smaller one of CI.
func sized[N any](full, ci N) N {
	if short {
		return ci
	}
	return full
}
