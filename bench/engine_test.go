//go:build real

package bench

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// quota counts the POSTs of workers that a quota lets run twenty at a time, those that it refuses included.
func quota(b *bench) {
	n, hard := 400, 20
	allowed := n + n/2
	end := b.product()
	defer end()
	b.warmUp()
	b.Kubectl("create", "quota", "few", fmt.Sprintf("--hard=pods=%d", hard), "-n", b.Namespace)
	defer b.Kubectl("delete", "quota", "few", "-n", b.Namespace)
	b.until("the quota to count", func() bool {
		return b.Kubectl("get", "quota", "few", "-n", b.Namespace, "-o", "jsonpath={.status.used.pods}") != ""
	})
	b.skipRequests()
	b.send(4, n/4)
	b.until("the workers to end", b.closed)
	posts, created := 0, 0
	for _, r := range b.requests("delete", n) {
		if r.Verb == "create" {
			posts++
			if r.Code < 300 {
				created++
			}
		}
	}
	if created != n {
		b.Fatalf("%d Pods were created", created)
	}
	b.result.add(line{
		Figure: fmt.Sprintf("POSTs of %d workers under a quota of %d", n, hard), Demand: fmt.Sprintf("≤ %d", allowed),
		Product: strconv.Itoa(posts), Ratio: fmt.Sprintf("%.2f a worker", float64(posts)/float64(n)), Verdict: verdict(posts <= allowed),
	})
}

// fenceKey holds the token of the term; another value there ends it, as a later leader would.
const fenceKey = "{" + harness.Stream + "}:fence"

// terms is the product's memory after changes of term in the same process, with many events waiting.
func terms(b *bench) {
	n, changes := sized(100_000, 5000), 3
	b.product("OTTO_MAX_WORKERS=1") // no end: as in the row `waiting`
	b.warmUp()
	b.send(n, 1)
	b.until("all to be accepted", func() bool { return b.openEvents() == n })
	time.Sleep(10 * time.Second)
	before := b.resident(5 * time.Second)
	after := sample{}
	for range changes {
		b.changeTerm()
		time.Sleep(10 * time.Second)
		after = append(after, b.resident(5*time.Second))
	}
	ratio := after.quantile(1) / before
	b.result.add(line{
		Figure: fmt.Sprintf("RSS with %d waiting events, after each of %d changes of term", n, changes), Demand: "at most 10 % more",
		Floor: fmt.Sprintf("%.1f MB before", before), Product: after.spread(1, " MB"), Ratio: fmt.Sprintf("%.3f", ratio),
		Verdict: verdict(ratio <= 1.10),
	})
	b.Kill()
}

// changeTerm ends the product's term and waits until the next one has loaded the records.
func (b *bench) changeTerm() {
	b.Helper()
	const loaded = "open events loaded"
	before := strings.Count(b.Stack.Log(), loaded)
	if err := b.Redis.Set(b.Context(), fenceKey, "bench", 0).Err(); err != nil {
		b.Fatal(err)
	}
	b.until("the next term", func() bool { return strings.Count(b.Stack.Log(), loaded) > before })
}

// steps are the longest step of the core and the one that allocates most, where everything that waits is concerned. They are measured
// in the core alone, by its benchmark.
func steps(b *bench) {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "LargestStep", "-benchtime", "1x", "-count", "3", "../internal/worker").CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, work := range []struct{ name, figure string }{
		{"expiry", "300 refused events of 1000 workers expire"}, {"scale-down", "scale_down of a task among 100000 waiting events"},
	} {
		longest, most := metric(string(out), work.name, "longest-ms"), metric(string(out), work.name, "largest-MB")
		if len(longest) == 0 || len(most) == 0 {
			b.Fatalf("no figures of %s in\n%s", work.name, out)
		}
		b.result.add(line{
			Figure: work.figure + ", the longest step", Demand: "≤ 5 ms", Product: longest.spread(2, " ms"),
			Verdict: verdict(longest.median() <= 5),
		})
		b.result.add(line{
			Figure: "… allocates at most", Demand: "≤ 1 MB", Product: most.spread(2, " MB"), Verdict: verdict(most.median() <= 1),
		})
	}
}

// metric reads the figures of one benchmark from the output of `go test`.
func metric(out, name, unit string) sample {
	s := sample{}
	for _, m := range regexp.MustCompile(`LargestStep/`+name+`\S*\s.*?([0-9.e+-]+) `+unit).FindAllStringSubmatch(out, -1) {
		if v, err := strconv.ParseFloat(m[1], 64); err == nil {
			s = append(s, v)
		}
	}
	return s
}
