//go:build real

package bench

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// start is how long the product takes from its exec until it reads the stream. Its own Lease is held, as after a crash.
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

// idle is what the product takes while nothing happens: it renews its Lease, reads the stream and asks whether it stands.
func idle(b *bench) {
	const length = 60 * time.Second
	end := b.product()
	defer end()
	b.once()
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

// once lets one worker live, so that all there is to a process is there: its connections, its buffers.
func (b *bench) once() {
	b.Helper()
	b.send(1, 1)
	b.until("the first Pod", b.settled)
	b.Add("type", "scale_down", "pod_count", 1)
	b.until("it to be taken away", b.closed)
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

// memory says what was resident, and at most since the start.
func (b *bench) memory(resident float64) string {
	_, highest := b.RSS()
	return fmt.Sprintf("%.1f MB (%.1f at its highest)", resident, mb(highest))
}

// waiting puts a hundred thousand events on the stream when there is room for one, then makes room for all.
func waiting(b *bench) {
	n := of(100_000, 5000)
	b.product("OTTO_MAX_WORKERS=1") // the cluster goes with its Pods: to delete them one by one would take as long again
	b.once()
	before := b.resident(3 * time.Second)
	b.send(n, 1)
	b.until("all to be taken in", func() bool { return b.openEvents() == n })
	b.say("%d events wait", n)
	time.Sleep(5 * time.Second)
	after := b.resident(5 * time.Second)
	b.result.add(line{
		Figure: fmt.Sprintf("%d waiting events", n), Demand: "≤ 30 MB over idle", Floor: fmt.Sprintf("%.1f MB idle", before),
		Product: b.memory(after), Ratio: fmt.Sprintf("%+.1f MB", after-before), Verdict: verdict(after-before <= 30),
	})
	b.Kill()
	b.forget()
	b.Start(environment(b.T)...)
	b.until("all to be settled", b.settled)
	created := len(only(b.requests("create", n-1), "create"))
	b.result.add(line{
		Figure: "… which are all settled once there is room", Demand: fmt.Sprintf("%d Pods, each once, nothing pending", n),
		Product: fmt.Sprintf("%d more Pods", created), Verdict: verdict(created == n-1), Note: "after a kill -9 and a start that reads all records",
	})
	b.Kill()
}

func (b *bench) openEvents() int {
	n, err := b.Redis.SCard(b.Context(), open).Result()
	if err != nil {
		return -1
	}
	return int(n)
}

// slice is how many workers the curves of the cost row resolve.
const slice = 1000

// cost is what a worker costs the product, in CPU time, while there are few and while there are many: the thousand workers
// up to a number count for that number.
func cost(b *bench) {
	n := of(number("WORKERS", 10_000), 3000)
	costs := make([]sample, n/slice)
	rates := make([]sample, n/slice)
	for round := range of(3, 2) {
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
		Note: "the floor is the product's own at " + strconv.Itoa(slice),
	})
	if !short {
		b.slope(n)
	}
}

// slope takes the bare loop through the same number, for the plot of create rates.
func (b *bench) slope(n int) {
	b.Helper()
	bodies, names := b.floor.pods.batch(b.T, n)
	b.forget()
	end := b.floor.listen(b.T)
	b.floor.post(b.T, bodies, b.width())
	created := only(b.requests("create", n), "create")
	end()
	for i := range n / slice {
		b.result.point("bare", float64((i+1)*slice), rate(created[i*slice:(i+1)*slice]))
	}
	b.floor.delete(b.T, names)
	b.empty()
}

// grow lets the product create n Pods and returns the CPU time it had used after each slice, and the POSTs.
func (b *bench) grow(n int, record bool) (cpu []time.Duration, created []harness.Request) {
	b.Helper()
	end := b.product("OTTO_MAX_PODS_PER_EVENT=100000")
	defer end()
	b.once()
	b.forget()
	before := b.marks()
	cpu = append(cpu, b.CPU())
	b.send(n/slice, slice)
	for i := range n / slice {
		b.until("the Pods to be created", func() bool { return b.marks() >= before+(i+1)*(slice+2) })
		cpu = append(cpu, b.CPU())
		if record {
			now, _ := b.RSS()
			b.result.point("growing", float64((i+1)*slice), mb(now))
		}
	}
	b.until("the events to settle", b.settled)
	created = only(b.requests("create", n), "create")
	b.Add("type", "scale_down", "pod_count", n)
	b.until("the Pods to be taken away", b.closed)
	return cpu, created
}

// marks is how long the status stream is: an event of n Pods gives `accepted`, n times `created`, and `settled`.
func (b *bench) marks() int {
	n, err := b.Redis.XLen(b.Context(), said).Result()
	if err != nil {
		return 0
	}
	return int(n)
}

// atMost is atLeast for what should be small.
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

// memory is what thousands of workers that run take, and how long a process that was killed among them needs to act again.
func memory(b *bench) {
	dir := b.template("long", `devcluster.io/duration: "24h"`)
	env := []string{"OTTO_WORKER_TEMPLATES=" + dir}
	b.product(env...) // the cluster goes with its Pods
	b.once()
	b.result.point("memory", 0, b.resident(5*time.Second))
	some, many := of(5000, 500), of(10_000, 1000)
	b.fill(0, some)
	b.resides(some, 80)
	b.restart(env, some)
	b.fill(some+1, many)
	b.resides(many, 120)
	b.Kill()
}

// fill adds workers until there are so many that run.
func (b *bench) fill(have, want int) {
	b.Helper()
	before := b.marks()
	b.say("from %d to %d workers", have, want)
	events, each := 5, (want-have)/5
	rest := want - have - events*each
	b.send(events, each, "template", "long")
	if rest > 0 {
		b.send(1, rest, "template", "long")
		events++
	}
	b.until("all to run", func() bool { return b.marks() >= before+2*events+2*(want-have) })
	time.Sleep(10 * time.Second)
}

func (b *bench) resides(workers int, allowed float64) {
	b.Helper()
	resident := b.resident(5 * time.Second)
	b.say("%d workers: %s", workers, b.memory(resident))
	b.result.add(line{
		Figure: fmt.Sprintf("RSS, %d live workers", workers), Demand: fmt.Sprintf("≤ %.0f MB", allowed), Product: b.memory(resident),
		Verdict: verdict(resident <= allowed),
	})
	b.result.point("memory", float64(workers), resident)
}

// restart kills the product among its workers, with an event on the stream, and starts it again.
func (b *bench) restart(env []string, workers int) {
	b.Helper()
	b.Kill()
	event := b.send(1, 1, "template", "long")[0]
	before := b.marks()
	b.forget()
	at := time.Now()
	b.Start(append(environment(b.T), env...)...)
	b.until("it to act", func() bool { return b.marks() >= before+4 }) // accepted, created, settled, running
	requests := b.requests("create", 1)
	acting := only(requests, "create")[0]
	if acting.Name != "otto-agent-1-"+event {
		b.Fatalf("the first POST is for %s", acting.Name)
	}
	lists, pages := 0, 0
	for _, r := range only(requests, "list") {
		pages++
		if !r.Continued {
			lists++
		}
	}
	took := acting.Received.Sub(at).Seconds()
	b.result.add(line{
		Figure: fmt.Sprintf("restart with %d live workers, exec → first POST", workers), Demand: "≤ 3 s",
		Product: fmt.Sprintf("%.2f s", took), Verdict: verdict(took <= 3),
	})
	b.result.add(line{
		Figure: "… LISTs meanwhile", Demand: "1", Product: fmt.Sprintf("%d (of %d pages)", lists, pages), Verdict: verdict(lists == 1),
	})
}

// template writes the built-in agent as a template of that name, with an annotation, and returns its folder.
func (b *bench) template(name, annotation string) string {
	b.Helper()
	const text = `metadata:
  annotations: {%s}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: otto-agent
    image: busybox:latest
    command: [sh, -c, "echo 'Starting...'; sleep 30; echo 'Done!'"]
    resources:
      requests: {cpu: 100m, memory: 64Mi}
      limits: {cpu: 500m, memory: 256Mi}
    securityContext:
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
`
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name+".yaml"), fmt.Appendf(nil, text, annotation), 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}
