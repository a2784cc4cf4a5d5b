package queue

import (
	"fmt"
	"testing"
	"time"
)

const atOnce = 0 * time.Second

// TestBound: in a full house, all queues backlogged and uncapped: -(n-1)w/W <= live - M w/W < 1, whatever the durations.
func TestBound(t *testing.T) {
	lowest, highest := 1.0, -1.0
	for seed := range uint64(60) {
		w := newWorld(t, seed, Limits{Create: 1000}, policy(nil, nil))
		queues, places := 2+w.r.IntN(20), 30+w.r.IntN(400)
		named, mean, sum := map[string]QueuePolicy{}, map[string]float64{}, int64(0)
		for i := range queues {
			name, weight := fmt.Sprint("q", i), 1+w.r.Int64N(9)
			named[name] = QueuePolicy{Weight: weight}
			mean[name] = []float64{50, 500, 5000, 50_000}[w.r.IntN(4)] // ms
			sum += weight
		}
		w.s.Apply(w.now, policy(named, nil))
		for i := range queues {
			w.add(Entry{Queue: fmt.Sprint("q", i), Slots: 1 << 30})
		}
		w.capacity = places
		w.latency = func(*job) time.Duration { return atOnce }
		w.life = func(j *job) time.Duration {
			return time.Duration(1+w.r.ExpFloat64()*mean[j.Queue]) * time.Millisecond
		}
		for range 150 {
			w.fill()
			for _, j := range w.jobs {
				weight := float64(named[j.Queue].Weight) / float64(sum)
				off, low := float64(j.live)-float64(places)*weight, -float64(queues-1)*weight
				lowest, highest = min(lowest, off-low), max(highest, off)
				if off >= 1 || off < low-1e-9 {
					t.Fatalf("seed %d: %s has %d places, %.2f from its share: not within [%.2f, 1)", seed, j.Queue, j.live, off, low)
				}
			}
			w.advance(100 * time.Millisecond)
		}
	}
	t.Logf("slack to the lower bound %.3f, highest above the share %.3f", lowest, highest)
}

// TestCreateLimited: creates are what is short, one queue churns and there is always capacity. Another one that holds more
// starts nevertheless.
func TestCreateLimited(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 8}, policy(nil, nil))
	w.capacity = 50_000
	w.life = func(j *job) time.Duration {
		if j.Queue == "churns" {
			return time.Second
		}
		return time.Hour
	}
	w.add(Entry{Queue: "holds", Slots: 1000})
	w.run(10*time.Second, 10*time.Millisecond)
	w.add(Entry{Queue: "churns", Slots: 1000})
	w.advance(10 * time.Millisecond)
	late := w.add(Entry{Queue: "holds", Slots: 100})
	for range 30 {
		w.run(time.Second, 10*time.Millisecond)
		w.add(Entry{Queue: "churns", Slots: 450})
	}
	if churning := w.live("churns"); late.left > 0 || churning < 200 || churning > 600 {
		t.Errorf("%d workers of a queue that holds more have not started; the other has %d", late.left, churning)
	}
}

// TestTenants is three tenants of 100 places, as they come and go.
func TestTenants(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32}, policy(map[string]QueuePolicy{
		"web": {Weight: 3}, "ml": {Weight: 1}, "data": {Weight: 1, MaxWorkers: 15},
	}, nil))
	w.capacity = 100
	w.life = func(*job) time.Duration { return time.Minute + time.Duration(w.r.IntN(60_000))*time.Millisecond }
	expect := func(when string, web, ml, data int) {
		t.Helper()
		w.run(5*time.Minute, 100*time.Millisecond)
		got := [3]int{w.live("web"), w.live("ml"), w.live("data")}
		for i, want := range [3]int{web, ml, data} {
			if d := got[i] - want; d < -1 || d > 1 {
				t.Errorf("%s: web, ml, data have %v places, want about %d, %d, %d", when, got, web, ml, data)
			}
		}
	}
	ml := w.add(Entry{Queue: "ml", Slots: 1 << 20})
	expect("ml alone", 0, 100, 0)
	w.add(Entry{Queue: "web", Slots: 1 << 20})
	expect("web came", 75, 25, 0)
	w.add(Entry{Queue: "data", Slots: 1 << 20})
	expect("data came", 63, 22, 15)
	w.s.AddSlots(ml.ref, -ml.left)
	ml.left = 0
	expect("ml has nothing to start", 85, 0, 15)
}

// TestFreedPlaces: what is freed goes to the queue that came, until it has its share: not one more to the one above it.
func TestFreedPlaces(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32}, policy(map[string]QueuePolicy{"web": {Weight: 3}}, nil))
	w.capacity = 100
	w.add(Entry{Queue: "ml", Slots: 1000})
	w.run(time.Minute, 50*time.Millisecond)
	w.add(Entry{Queue: "web", Slots: 1000})
	for range 75 {
		w.end(w.pods[0])
		w.pods = w.pods[1:]
		w.run(100*time.Millisecond, 50*time.Millisecond)
	}
	if web, ml := w.live("web"), w.live("ml"); web != 75 || ml != 25 {
		t.Errorf("after 75 Pods of ml ended web has %d places and ml %d", web, ml)
	}
}

// TestMaxParallel: an event of a thousand workers that asks for ten at a time leaves the rest to its queue's next event.
func TestMaxParallel(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32}, policy(nil, nil))
	w.capacity = 100
	w.life = func(*job) time.Duration { return time.Minute }
	big := w.add(Entry{Queue: "ml", Slots: 1000, MaxParallel: 10})
	next := w.add(Entry{Queue: "ml", Slots: 20})
	w.run(10*time.Second, 20*time.Millisecond)
	if big.live != 10 || next.live != 20 {
		t.Fatalf("the event with max_parallel 10 holds %d places, the next one %d", big.live, next.live)
	}
	w.run(10*time.Minute, 100*time.Millisecond)
	if big.live != 10 || big.created < 90 {
		t.Errorf("it holds %d places after %d Pods", big.live, big.created)
	}
}

// TestPriority: a step of priority is worth ten minutes of waiting, no more.
func TestPriority(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32}, policy(nil, nil))
	for i := range 20 {
		w.add(Entry{Queue: "web", Task: fmt.Sprint("low", i), Slots: 1, Priority: -1})
	}
	w.advance(5 * time.Minute)
	w.add(Entry{Queue: "web", Task: "in time", Slots: 1})
	w.advance(6 * time.Minute)
	w.add(Entry{Queue: "web", Task: "late", Slots: 1})
	var order []string
	w.chosen = func(_ Choice, j *job) { order = append(order, j.Task) }
	w.latency = func(*job) time.Duration { return atOnce }
	w.fill()
	if order[0] != "in time" || order[1] != "low0" || order[20] != "low19" || order[21] != "late" {
		t.Errorf("order: %v", order)
	}
}
