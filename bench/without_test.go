//go:build real

package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// without is what the parts are worth that the product could do without: each was taken out by a patch in bench/without, and
// the binaries take turns with the whole product. WITHOUT names the folder of the binaries; scripts/bench.sh builds them.
func without(b *bench) {
	whole := harness.Product(b.T)
	parts := binaries(b.T)
	creates, costs, idles, manys := map[string]sample{}, map[string]sample{}, map[string]sample{}, map[string]sample{}
	for round := range 3 {
		for _, binary := range append([]string{whole}, parts...) {
			b.Binary = binary
			name := filepath.Base(binary)
			_, posts, _, _, used := b.burst(1, 1000)
			creates[name], costs[name] = append(creates[name], posts), append(costs[name], ms(used[client]))
			idle, many := b.footprint(2000)
			idles[name], manys[name] = append(idles[name], idle), append(manys[name], many)
			b.say("round %d, %s: %.0f Pods/s, %.3f ms of CPU a Pod, %.1f MB idle, %.1f MB with 2,000 workers", round+1, name,
				posts, ms(used[client]), idle, many)
		}
	}
	b.Binary = ""
	own := filepath.Base(whole)
	for _, binary := range parts {
		name := filepath.Base(binary)
		for _, figure := range []struct {
			what, unit string
			digits     int
			all        map[string]sample
		}{
			{"create rate of 1 event × 1000 Pods", "/s", 0, creates},
			{"CPU time a Pod, " + client, " ms", 3, costs},
			{"RSS idle", " MB", 1, idles},
			{"RSS with 2,000 workers", " MB", 1, manys},
		} {
			b.result.add(line{
				Figure: figure.what + ", without " + name, Floor: figure.all[own].spread(figure.digits, figure.unit),
				Product: figure.all[name].spread(figure.digits, figure.unit), Ratio: figure.all[name].per(figure.all[own]).spread(3, ""),
				Note: "the floor is the whole product",
			})
		}
	}
}

// footprint is the product's RSS, in MB, after a first worker and with n of them.
func (b *bench) footprint(n int) (idle, many float64) {
	b.Helper()
	end := b.product("OTTO_MAX_PODS_PER_EVENT=100000")
	defer end()
	b.warmUp()
	time.Sleep(3 * time.Second) // what a burst needed is given back
	idle = b.resident(2 * time.Second)
	b.send(n/slice, slice)
	b.until("the Pods to be created", b.settled)
	time.Sleep(3 * time.Second)
	many = b.resident(2 * time.Second)
	b.Kill()
	return idle, many
}

func binaries(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(os.Getenv("WITHOUT"), "*"))
	if err != nil || os.Getenv("WITHOUT") == "" || len(all) == 0 {
		t.Fatal("run `make bench ROW=without`, which builds the binaries of this row")
	}
	slices.Sort(all)
	return all
}
