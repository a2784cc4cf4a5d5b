//go:build real

package bench

import (
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// life is the whole life of workers, as fast as possible, on a simulated node where each runs for three seconds. Its floor F5
// POSTs, watches and DELETEs what has succeeded, and does nothing else.
func life(b *bench) {
	n := sized(1500, 300)
	floors, products := sample{}, sample{}
	var asked []harness.Request
	for round := range sized(5, 3) {
		f := b.bareLives(n)
		requests := b.lives(n)
		p := rate(lives(requests))
		asked = append(asked, requests...)
		floors, products = append(floors, f), append(products, p)
		b.say("round %d: bare %.0f/s, product %.0f/s: %.3f", round+1, f, p, p/f)
	}
	ratio := products.per(floors)
	b.result.add(line{
		Figure: fmt.Sprintf("full life of %d workers, sustained (KWOK)", n), Demand: "≥ 0.90 F5", Floor: "F5 = " + floors.spread(0, "/s"),
		Product: products.spread(0, "/s"), Ratio: ratio.spread(3, ""), Verdict: b.atLeast(ratio, 0.90),
	})
	b.perLife(asked, n*len(products))
}

// lives merges the POST and the DELETE of each worker into one request that lasts from the one to the other.
func lives(requests []harness.Request) []harness.Request {
	ends := make(map[string]harness.Request)
	for _, r := range succeeded(requests, "delete") {
		ends[r.Name] = r
	}
	var all []harness.Request
	for _, r := range succeeded(requests, "create") {
		if e, ok := ends[r.Name]; ok {
			r.Answered = e.Answered
			all = append(all, r)
		}
	}
	return all
}

// lives runs the workers with the product and returns all its requests for Pods.
func (b *bench) lives(n int) []harness.Request {
	b.Helper()
	end := b.product()
	defer end()
	b.skipRequests()
	b.send(1, n-n/2)
	b.send(1, n/2)
	b.until("the lives to end", b.closed)
	return b.requests("delete", n)
}

// bareLives is F5.
func (b *bench) bareLives(n int) float64 {
	b.Helper()
	bodies, _ := b.floor.pods.batch(b.T, n)
	b.skipRequests()
	finished := make(chan string, n)
	gone := make(chan struct{}, n)
	once := make(map[string]bool)
	end := b.floor.watch(b.T, func(kind watch.EventType, pod *corev1.Pod) {
		switch {
		case kind == watch.Deleted:
			gone <- struct{}{}
		case pod.Status.Phase == corev1.PodSucceeded && !once[pod.Name]:
			once[pod.Name] = true
			finished <- pod.Name
		}
	})
	var group sync.WaitGroup
	for range deleters {
		group.Go(func() {
			for name := range finished {
				if err := b.floor.deleteOne(b.Context(), name); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.floor.post(b.T, bodies, inFlightOfProduct)
	for range n {
		select {
		case <-gone:
		case <-time.After(time.Minute):
			b.Fatal("for a minute the watch has shown no Pod's end")
		}
	}
	close(finished)
	group.Wait()
	end()
	return rate(lives(b.requests("delete", n)))
}

// perLife counts the requests per worker. A list and a watch are for all workers: both follow when the server ends a watch.
func (b *bench) perLife(requests []harness.Request, workers int) {
	b.Helper()
	count := make(map[string]int)
	for _, r := range requests {
		kind := r.Verb
		if r.Code >= 300 {
			kind = fmt.Sprintf("%s answered %d", r.Verb, r.Code)
		}
		count[kind]++
	}
	posts, deletes, watches := count["create"], count["delete"], count["list"]+count["watch"]
	rest := len(requests) - posts - deletes - watches
	b.result.add(line{
		Figure: fmt.Sprintf("requests in a healthy worker's life, of %d", workers), Demand: "POST 1, DELETE 1, nothing else",
		Product: fmt.Sprintf("POST %.3f, DELETE %.3f, others %d (and %d lists and watches, of all)", float64(posts)/float64(workers),
			float64(deletes)/float64(workers), rest, watches),
		Verdict: verdict(posts == workers && deletes == workers && rest == 0),
	})
}
