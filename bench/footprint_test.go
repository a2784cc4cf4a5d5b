//go:build real

package bench

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// start is the time from the product's exec until it reads the stream. It owns the Lease already, as after a crash.
func start(b *bench) {
	took := sample{}
	for range 10 {
		lines, end := monitor(b)
		at := time.Now()
		stop := b.product()
		read := lines.first(b, at, `"xreadgroup"`)
		took = append(took, ms(read.Sub(at)))
		end()
		stop()
	}
	b.result.add(line{
		Figure: fmt.Sprintf("exec → first XREADGROUP, %d starts", len(took)), Demand: "≤ 300 ms",
		Product: took.spread(0, " ms"), Verdict: verdict(took.median() <= 300),
	})
}

// idle is the product's CPU and memory without events: it renews its Lease, reads the stream and checks its ownership.
func idle(b *bench) {
	const length = 60 * time.Second
	end := b.product()
	defer end()
	b.warmUp()
	time.Sleep(10 * time.Second)
	cpu, at := b.CPU(), time.Now()
	resident := b.resident(length)
	share := 1000 * float64(b.CPU()-cpu) / float64(time.Since(at))
	b.result.add(line{
		Figure: fmt.Sprintf("idle CPU, over %.0f s", length.Seconds()), Demand: "≤ 5 mCPU",
		Product: fmt.Sprintf("%.1f mCPU", share), Verdict: verdict(share <= 5),
	})
	b.result.add(line{
		Figure: "RSS idle", Demand: "≤ 30 MB", Product: b.memory(resident), Verdict: verdict(resident <= 30),
	})
}

// warmUp runs one worker, so that the process has its connections and buffers.
func (b *bench) warmUp() {
	b.Helper()
	b.send(1, 1)
	b.until("the first Pod", b.settled)
	b.Add("type", "scale_down", "pod_count", 1)
	b.until("the Pod to be deleted", b.closed)
}

// resident is the median of the product's RSS over a while, in MB.
func (b *bench) resident(length time.Duration) float64 {
	b.Helper()
	var s sample
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
		now, _ := b.RSS()
		s = append(s, mb(now))
	}
	return s.median()
}

// memory is the resident and the peak memory as text.
func (b *bench) memory(resident float64) string {
	_, peak := b.RSS()
	return fmt.Sprintf("%.1f MB (%.1f at its peak)", resident, mb(peak))
}

// waiting adds a hundred thousand events with a capacity of one, then raises the capacity for all.
func waiting(b *bench) {
	n := sized(100_000, 5000)
	b.product("OTTO_MAX_WORKERS=1") // no end: the cluster is removed with its Pods, and deleting them would take as long again
	b.warmUp()
	before := b.resident(3 * time.Second)
	b.send(n, 1)
	b.until("all to be accepted", func() bool { return b.openEvents() == n })
	b.say("%d events wait", n)
	time.Sleep(5 * time.Second)
	after := b.resident(5 * time.Second)
	b.result.add(line{
		Figure: fmt.Sprintf("%d waiting events", n), Demand: "≤ 30 MB over idle", Floor: fmt.Sprintf("%.1f MB idle", before),
		Product: b.memory(after), Ratio: fmt.Sprintf("%+.1f MB", after-before), Verdict: verdict(after-before <= 30),
	})
	b.Kill()
	b.skipRequests()
	b.Start(environment(b.T)...)
	b.until("all to be settled", b.settled)
	created := len(succeeded(b.requests("create", n-1), "create"))
	b.result.add(line{
		Figure: "… all settled with enough capacity", Demand: fmt.Sprintf("%d Pods, each once, nothing pending", n),
		Product: fmt.Sprintf("%d more Pods", created), Verdict: verdict(created == n-1),
		Note: "after a kill -9 and a restart that reads all records",
	})
	b.Kill()
}

func (b *bench) openEvents() int {
	n, err := b.Redis.SCard(b.Context(), harness.OpenKey).Result()
	if err != nil {
		return -1
	}
	return int(n)
}

// slice is the resolution, in workers, of the curves of the row `cost`.
const slice = 1000

// cost is the product's CPU time per worker with few and with many workers: each slice of a thousand counts for the number at
// its end.
func cost(b *bench) {
	n := sized(number("WORKERS", 10_000), 3000)
	costs := make([]sample, n/slice)
	rates := make([]sample, n/slice)
	for round := range sized(3, 2) {
		cpu, created := b.grow(n, round == 0 && !short)
		for i := range costs {
			costs[i] = append(costs[i], ms(cpu[i+1]-cpu[i])/slice)
			rates[i] = append(rates[i], rate(created[i*slice:(i+1)*slice]))
		}
		b.say("round %d: %.3f ms of CPU a worker at %d, %.3f at %d", round+1, costs[0][round], slice, costs[n/slice-1][round], n)
	}
	for i := range costs {
		b.result.point("cost", float64((i+1)*slice), costs[i].median())
		b.result.point("rate", float64((i+1)*slice), rates[i].median())
	}
	few, many := costs[0], costs[n/slice-1]
	ratio := many.per(few)
	b.result.add(line{
		Figure: fmt.Sprintf("CPU per worker at %d against %d live workers", n, slice), Demand: "at most 10 % more",
		Floor: few.spread(3, " ms"), Product: many.spread(3, " ms"), Ratio: ratio.spread(3, ""), Verdict: b.atMost(ratio, 1.10),
		Note: "the floor is the product at " + strconv.Itoa(slice),
	})
	if !short {
		b.slope(n)
	}
}

// slope creates the same number with the bare loop, for the plot of create rates.
func (b *bench) slope(n int) {
	b.Helper()
	bodies, names := b.floor.pods.batch(b.T, n)
	b.skipRequests()
	end := b.floor.listen(b.T)
	b.floor.post(b.T, bodies, b.width())
	created := succeeded(b.requests("create", n), "create")
	end()
	for i := range n / slice {
		b.result.point("bare", float64((i+1)*slice), rate(created[i*slice:(i+1)*slice]))
	}
	b.floor.delete(b.T, names)
	b.empty()
}

// grow lets the product create n Pods and returns its CPU time after each slice, and the POSTs.
func (b *bench) grow(n int, record bool) (cpu []time.Duration, created []harness.Request) {
	b.Helper()
	end := b.product("OTTO_MAX_PODS_PER_EVENT=100000")
	defer end()
	b.warmUp()
	b.skipRequests()
	before := b.statusEntries()
	cpu = append(cpu, b.CPU())
	b.send(n/slice, slice)
	for i := range n / slice {
		b.until("the Pods to be created", func() bool { return b.statusEntries() >= before+(i+1)*(slice+2) })
		cpu = append(cpu, b.CPU())
		if record {
			now, _ := b.RSS()
			b.result.point("growing", float64((i+1)*slice), mb(now))
		}
	}
	b.until("the events to settle", b.settled)
	created = succeeded(b.requests("create", n), "create")
	b.Add("type", "scale_down", "pod_count", n)
	b.until("the Pods to be deleted", b.closed)
	return cpu, created
}

// statusEntries is the length of the status stream: an event of n Pods adds `accepted`, n times `created`, and `settled`.
func (b *bench) statusEntries() int {
	n, err := b.Redis.XLen(b.Context(), harness.StatusKey).Result()
	if err != nil {
		return 0
	}
	return int(n)
}

// atMost is atLeast for figures that should be small.
func (b *bench) atMost(ratio sample, demand float64) string {
	if short {
		return verdict(ratio.quantile(0) <= demand+0.25)
	}
	return verdict(!math.IsNaN(ratio.median()) && ratio.median() <= demand)
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n >= slice {
		return n / slice * slice
	}
	return otherwise
}
