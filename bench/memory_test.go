//go:build real

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// memory is the product's memory with thousands of running workers, and how long it takes to act again after a kill.
func memory(b *bench) {
	dir := b.template("long", `devcluster.io/duration: "24h"`)
	env := []string{"OTTO_WORKER_TEMPLATES=" + dir}
	b.product(env...) // no end: the cluster is removed with its Pods
	b.warmUp()
	b.result.point("memory", 0, b.resident(5*time.Second))
	some, many := sized(5000, 500), sized(10_000, 1000)
	b.fill(0, some)
	b.measureMemory(some, 80)
	b.restart(env, some)
	b.fill(some+1, many)
	b.measureMemory(many, 120)
	b.Kill()
}

// fill adds workers until want run.
func (b *bench) fill(have, want int) {
	b.Helper()
	before := b.statusEntries()
	b.say("from %d to %d workers", have, want)
	events, each := 5, (want-have)/5
	rest := want - have - events*each
	b.send(events, each, "template", "long")
	if rest > 0 {
		b.send(1, rest, "template", "long")
		events++
	}
	b.until("all to run", func() bool { return b.statusEntries() >= before+2*events+2*(want-have) })
	time.Sleep(10 * time.Second)
}

func (b *bench) measureMemory(workers int, allowed float64) {
	b.Helper()
	resident := b.resident(5 * time.Second)
	b.say("%d workers: %s", workers, b.memory(resident))
	b.result.add(line{
		Figure: fmt.Sprintf("RSS, %d live workers", workers), Demand: fmt.Sprintf("≤ %.0f MB", allowed), Product: b.memory(resident),
		Verdict: verdict(resident <= allowed),
	})
	b.result.point("memory", float64(workers), resident)
}

// restart kills the product with its workers running, adds an event, and starts it again.
func (b *bench) restart(env []string, workers int) {
	b.Helper()
	b.Kill()
	event := b.send(1, 1, "template", "long")[0]
	before := b.statusEntries()
	b.skipRequests()
	at := time.Now()
	b.Start(append(environment(b.T), env...)...)
	b.until("the product to act", func() bool { return b.statusEntries() >= before+4 }) // accepted, created, settled, running
	requests := b.requests("create", 1)
	acting := succeeded(requests, "create")[0]
	if acting.Name != "otto-agent-1-"+event {
		b.Fatalf("the first POST is for %s", acting.Name)
	}
	lists, pages := 0, 0
	for _, r := range succeeded(requests, "list") {
		pages++
		if !r.Continued() {
			lists++
		}
	}
	took := acting.Received.Sub(at).Seconds()
	b.result.add(line{
		Figure: fmt.Sprintf("restart with %d live workers, exec → first POST", workers), Demand: "≤ 3 s",
		Product: fmt.Sprintf("%.2f s", took), Verdict: verdict(took <= 3),
	})
	b.result.add(line{
		Figure: "… LISTs", Demand: "1", Product: fmt.Sprintf("%d (of %d pages)", lists, pages), Verdict: verdict(lists == 1),
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
