//go:build real

package bench

import (
	"fmt"
	"math"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// inFlightOfProduct is the product's default.
const inFlightOfProduct = 32

// sweep is F1: bare POSTs with a raw watch open, at several widths. The fastest is C.
func sweep(b *bench) {
	widths := []int{1, 4, 16, 32, 64, 96}
	rates := make(map[int]sample)
	for range sized(3, 1) {
		for _, w := range widths {
			r, _, _ := b.bare(sized(600, 200), w)
			rates[w] = append(rates[w], r)
		}
	}
	b.best = 0
	for _, w := range widths {
		b.result.point("sweep", float64(w), rates[w].median())
		b.say("%2d in flight: %s Pods/s", w, rates[w].spread(0, ""))
		if b.best == 0 || rates[w].median() > rates[b.best].median() {
			b.best = w
		}
		b.result.add(line{
			Figure: fmt.Sprintf("F1: bare POST, %d in flight", w), Floor: rates[w].spread(0, "/s"),
		})
	}
}

// bare creates Pods by POSTs alone, deletes them again, and returns both rates.
func (b *bench) bare(n, width int) (posts, deletes float64, used cpu) {
	b.Helper()
	bodies, names := b.floor.pods.batch(b.T, n)
	b.skipRequests()
	end := b.floor.listen(b.T)
	before := b.computed()
	b.floor.post(b.T, bodies, width)
	used = b.computed().since(before, n)
	posts = rate(succeeded(b.requests("create", n), "create"))
	b.floor.delete(b.T, names)
	deletes = rate(succeeded(b.requests("delete", n), "delete"))
	end()
	b.settle()
	return posts, deletes, used
}

// width is where bare POSTs are fastest.
func (b *bench) width() int {
	if b.best == 0 {
		b.say("measuring the fastest width of bare POSTs first")
		top := 0.0
		for _, w := range []int{16, 32, 64} {
			if r, _, _ := b.bare(400, w); r > top {
				b.best, top = w, r
			}
		}
	}
	return b.best
}

// burst is one event of many Pods.
func burst(b *bench) {
	b.compare("1 event × %d Pods, create rate", 1, sized(1000, 300), 0.95)
}

// singles are many events of one Pod.
func singles(b *bench) {
	b.compare("%d events × 1 Pod, create rate", sized(1000, 300), 1, 0.90)
}

// compare lets the bare loop and the product create the same Pods in turn, with the same number in flight. Each round of the
// product is compared with the bare rounds before and after it, so that a machine that slowly gets faster or slower favours
// neither.
func (b *bench) compare(figure string, events, each int, demand float64) {
	n, width := events*each, b.width()
	floors, products, bareDeletes, deletes := sample{}, sample{}, sample{}, sample{}
	most, connections := 0, 0
	var bare, ours cpuRounds
	f, _, _ := b.bare(n, width)
	for round := range sized(11, 3) {
		created, p, d, c, used := b.burst(events, each)
		ours = append(ours, used)
		before := f
		var fd float64
		f, fd, used = b.bare(n, width)
		bare = append(bare, used)
		floors, products = append(floors, (before+f)/2), append(products, p)
		bareDeletes, deletes = append(bareDeletes, fd), append(deletes, d)
		most, connections = max(most, created), max(connections, c)
		b.say("round %d: bare %.0f and %.0f/s, product %.0f/s between: %.3f", round+1, before, f, p, 2*p/(before+f))
	}
	ratio := products.per(floors)
	b.result.add(line{
		Figure: fmt.Sprintf(figure, n), Demand: fmt.Sprintf("≥ %.2f C", demand),
		Floor: fmt.Sprintf("C = %s, %d in flight", floors.spread(0, "/s"), width), Product: products.spread(0, "/s"),
		Ratio: ratio.spread(3, ""), Verdict: b.atLeast(ratio, demand),
	})
	for _, who := range []string{apiServer, client} {
		b.result.add(line{
			Figure: "CPU time a Pod, " + who, Floor: bare.of(who).spread(2, " ms"), Product: ours.of(who).spread(2, " ms"),
		})
	}
	b.result.add(line{
		Figure: "POSTs in flight during the burst", Demand: fmt.Sprintf("≤ %d, the setting", width), Product: fmt.Sprint(most),
		Verdict: verdict(most <= width),
	})
	b.result.add(line{
		Figure: "connections to the API server during the burst", Demand: "1 for writes, 1 for the watch, 1 for the Lease",
		Product: fmt.Sprint(connections), Verdict: verdict(connections <= 3),
	})
	if each > 1 {
		b.result.add(line{
			Figure: fmt.Sprintf("1 scale_down of %d, delete rate", n), Floor: "F3 = " + bareDeletes.spread(0, "/s"),
			Product: deletes.spread(0, "/s"), Ratio: deletes.per(bareDeletes).spread(3, ""),
		})
	}
}

// burst lets the product create Pods and delete them again.
func (b *bench) burst(events, each int) (most int, posts, deletes float64, connections int, used cpu) {
	b.Helper()
	n := events * each
	end := b.product(fmt.Sprintf("OTTO_CREATE_CONCURRENCY=%d", b.width()))
	defer end()
	b.skipRequests()
	before := b.computed()
	b.send(events, each)
	b.until("the Pods to be created", b.settled)
	used = b.computed().since(before, n)
	connections = b.APIConnections()
	created := succeeded(b.requests("create", n), "create")
	b.Add("type", "scale_down", "pod_count", n)
	b.until("the Pods to be deleted", b.closed)
	return inFlight(created), rate(created), rate(succeeded(b.requests("delete", n), "delete")), connections, used
}

// limiter shows the rate of the same Pods with client-go's default, 5 requests a second with a burst of 10.
func limiter(b *bench) {
	const n = 100
	own := separate(b.floor.access)
	own.QPS, own.ContentType = 0, runtime.ContentTypeProtobuf // 0: the default
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		b.Fatal(err)
	}
	pods := make([]*corev1.Pod, n)
	event := fmt.Sprintf("%d-0", time.Now().UnixMilli())
	for i := range pods {
		pods[i] = b.floor.pods.pattern.DeepCopy()
		relabel(pods[i], b.floor.pods.event, event, i+1)
	}
	free, _, _ := b.bare(n, inFlightOfProduct)
	b.skipRequests()
	parallel(b.T, n, inFlightOfProduct, func(i int) error {
		_, err := client.CoreV1().Pods(b.Namespace).Create(b.Context(), pods[i], metav1.CreateOptions{})
		return err
	})
	limited := rate(succeeded(b.requests("create", n), "create"))
	b.result.add(line{
		Figure: fmt.Sprintf("client-go's default limiter (%.0f requests/s, burst %d), %d Pods", rest.DefaultQPS, rest.DefaultBurst, n),
		Floor:  fmt.Sprintf("%.0f/s without it", free), Product: fmt.Sprintf("%.1f/s", limited),
		Ratio: fmt.Sprintf("%.4f", limited/free), Note: "without the product: the cost of the library's default",
	})
	b.floor.deleteAll(b.T)
}

// atLeast compares the median of a ratio with the demand. CI shares its machine and has bursts of half a second, so it compares
// its best round with half of the demand: a regression worth a failure is larger than that, and in every round.
func (b *bench) atLeast(ratio sample, demand float64) string {
	if short {
		best := ratio.quantile(1)
		return verdict(best >= demand/2)
	}
	return verdict(!math.IsNaN(ratio.median()) && ratio.median() >= demand)
}
