package queue

import (
	"fmt"
	"testing"
	"time"
)

// tally counts a template's answers.
type tally map[string]map[Answer]int

func (w *world) tally(reply func(*job) Answer) tally {
	counts := tally{}
	w.reply = func(j *job) Answer {
		a := reply(j)
		if counts[j.Template] == nil {
			counts[j.Template] = map[Answer]int{}
		}
		counts[j.Template][a]++
		return a
	}
	return counts
}

// addAll sends an event of that many slots for each template and each of n queues.
func (w *world) addAll(n, slots int, templates ...string) {
	for _, template := range templates {
		for i := range n {
			w.add(Entry{Queue: fmt.Sprint("q", i), Template: template, Slots: slots})
		}
	}
}

// TestWebhook: the webhook of one template hangs for ten seconds and fails, or the API server gives up on it. The others keep
// nearly all of the rate.
func TestWebhook(t *testing.T) {
	well := hanging(t, Created)
	for _, a := range []Answer{Admission, Unknown} {
		counts := hanging(t, a)
		if n := counts["a"][a]; n > 40 {
			t.Errorf("%d POSTs hung", n)
		}
		before := well["a"][Created] + well["b"][Created] + well["c"][Created]
		if others := counts["b"][Created] + counts["c"][Created]; others*4 < before*3 {
			t.Errorf("%v: %d Pods of others while one template hangs, %d without it", a, others, before)
		}
	}
}

// hanging is a minute of three templates, of which a hangs, unless it is answered well.
func hanging(t *testing.T, a Answer) tally {
	w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: time.Hour}, policy(nil, nil))
	w.addAll(10, 1_000_000, "a", "b", "c")
	counts := w.tally(func(j *job) Answer {
		if j.Template == "a" {
			return a
		}
		return Created
	})
	w.latency = func(j *job) time.Duration {
		if j.Template == "a" && a != Created {
			return 10 * time.Second
		}
		return 40 * time.Millisecond
	}
	w.life = func(*job) time.Duration { return 100 * time.Millisecond }
	w.run(time.Minute, 20*time.Millisecond)
	if t.Log(counts, w.s.Limit()); w.s.Limit() != 32 {
		t.Errorf("%v of one template has made the limit %d", a, w.s.Limit())
	}
	return counts
}

// TestHeals: a template whose Pods were refused or whose webhook failed starts as fast as ever once its Pods are accepted.
func TestHeals(t *testing.T) {
	for _, a := range []Answer{Refused, Admission, Unknown} {
		w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: time.Hour}, policy(nil, nil))
		w.addAll(2, 1_000_000, "a", "b")
		broken := true
		reply := func(j *job) Answer {
			if broken && j.Template == "a" {
				return a
			}
			return Created
		}
		w.latency = func(*job) time.Duration { return 40 * time.Millisecond }
		w.life = func(*job) time.Duration { return 100 * time.Millisecond }
		before := w.tally(reply)
		w.run(30*time.Second, 20*time.Millisecond)
		broken = false
		w.run(2*time.Minute, 20*time.Millisecond) // past the longest pause
		after := w.tally(reply)
		w.run(30*time.Second, 20*time.Millisecond)
		if mine, others := after["a"][Created], after["b"][Created]; mine*5 < others*4 || before["b"][Created] == 0 {
			t.Errorf("%v: healed, %d Pods of it start and %d of the other", a, mine, others)
		}
	}
}

// TestQuota: 50 Pods that live ten seconds, of six lanes: hardly a POST more than there are Pods. When it is raised, all of it
// is used.
func TestQuota(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: time.Hour}, policy(nil, nil))
	w.addAll(3, 1_000_000, "a", "b")
	hard := 50
	w.life = func(*job) time.Duration { return 10 * time.Second }
	counts := w.tally(func(*job) Answer {
		if len(w.pods) >= hard {
			return Quota
		}
		return Created
	})
	rate := func() float64 {
		pods := counts["a"][Created] + counts["b"][Created]
		return float64(pods+counts["a"][Quota]+counts["b"][Quota]) / float64(pods)
	}
	w.run(5*time.Minute, 20*time.Millisecond)
	if pods := counts["a"][Created] + counts["b"][Created]; pods < 1450 || rate() > 1.1 {
		t.Errorf("%d Pods, %.3f POSTs for each", pods, rate())
	}
	t.Logf("%.3f POSTs a Pod: %v", rate(), counts)
	hard = 500
	w.run(2*time.Minute, 20*time.Millisecond)
	if len(w.pods) < 490 || rate() > 1.1 {
		t.Errorf("of a quota of 500 %d are used, with %.3f POSTs a Pod", len(w.pods), rate())
	}
}

// TestOneBadEvent: one event is refused; those behind it go on, and it alone fails, when its time is over.
func TestOneBadEvent(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: 15 * time.Minute}, policy(nil, nil))
	bad := w.add(Entry{Queue: "q", Slots: 1})
	for range 500 {
		w.add(Entry{Queue: "q", Slots: 1})
	}
	w.life = func(*job) time.Duration { return time.Second }
	w.reply = func(j *job) Answer {
		if j == bad {
			return Refused
		}
		return Created
	}
	w.run(10*time.Second, 10*time.Millisecond)
	if len(w.jobs) != 1 || w.jobs[0] != bad || bad.tries != 2 {
		t.Fatalf("after ten seconds %d events are left; the bad one was refused %d times", len(w.jobs), bad.tries)
	}
	w.run(14*time.Minute, time.Second)
	if bad.failed || bad.tries < 15 {
		t.Errorf("after 14 minutes it has failed (%v), after %d tries", bad.failed, bad.tries)
	}
	w.run(3*time.Minute, time.Second)
	if !bad.failed || len(w.s.queues) > 0 {
		t.Errorf("after 17 minutes: failed %v, left %v", bad.failed, w.s.Views(w.now))
	}
}

// TestBrokenTemplate: a template is refused altogether, for 200 queues of 20 events each. None fails untried, all do in the
// end, and what else there is goes on.
func TestBrokenTemplate(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: 15 * time.Minute}, policy(nil, nil))
	for range 20 {
		w.addAll(200, 1, "broken")
	}
	w.addAll(200, 5, "well")
	w.life = func(*job) time.Duration { return time.Second }
	counts := w.tally(func(j *job) Answer {
		if j.Template == "broken" {
			return Refused
		}
		return Created
	})
	failed := 0
	w.removed = func(j *job) {
		if !j.failed {
			return
		}
		failed++
		if j.tries == 0 {
			t.Fatal("an event failed that was never tried")
		}
	}
	w.run(10*time.Second, 20*time.Millisecond)
	if n := counts["well"][Created]; n != 1000 {
		t.Errorf("%d of 1000 Pods of the other template after ten seconds", n)
	}
	w.run(14*time.Minute, 50*time.Millisecond)
	if failed > 0 {
		t.Errorf("%d events failed before their time", failed)
	}
	w.run(6*time.Minute, 20*time.Millisecond)
	if failed != 4000 {
		t.Errorf("%d of 4000 events have failed after 20 minutes, with %v", failed, counts)
	}
	t.Log(counts)
}

// TestAIMD: the API server answers 429 above 20 in flight.
func TestAIMD(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 96}, policy(nil, nil))
	w.add(Entry{Queue: "q", Slots: 10_000_000})
	w.life = func(*job) time.Duration { return 50 * time.Millisecond }
	w.latency = func(*job) time.Duration { return time.Duration(15+w.r.IntN(20)) * time.Millisecond }
	counts := w.tally(func(*job) Answer {
		if w.s.Creating() > 20 {
			return Busy
		}
		return Created
	})
	w.run(10*time.Second, time.Millisecond)
	if limit := w.s.Limit(); limit > 25 || limit < 10 {
		t.Errorf("%d may be in flight", limit)
	}
	before := counts[""][Created]
	w.run(20*time.Second, time.Millisecond)
	// 20 in flight that take 25 ms make 800 a second.
	if rate := float64(counts[""][Created]-before) / 20; rate < 500 {
		t.Errorf("%.0f Pods a second", rate)
	}
	if counts[""][Busy]*20 > counts[""][Created] {
		t.Errorf("too many answers of 429: %v", counts)
	}
	t.Log(counts)
}

// TestRest: while the API server denies everything, one POST is sent at a time, another lane's each time; the first success
// ends that.
func TestRest(t *testing.T) {
	for _, a := range []Answer{Busy, Denied} {
		w := newWorld(t, 1, Limits{Create: 1}, policy(nil, nil))
		w.addAll(3, 10, "t")
		w.latency = func(*job) time.Duration { return time.Millisecond }
		w.reply = func(*job) Answer { return a }
		var order string
		var times []time.Duration
		w.chosen = func(_ Choice, j *job) {
			order += j.Queue
			times = append(times, w.now.Sub(began))
		}
		w.run(7500*time.Millisecond, time.Millisecond)
		if order != "q0q1q2q0q1" {
			t.Errorf("%v: lanes %s at %v", a, order, times)
		}
		for i, pause := range []int{250, 500, 1000, 2000} {
			if d := times[i+1] - times[i] - time.Duration(pause)*time.Millisecond; d < 0 || d > 5*time.Millisecond {
				t.Errorf("%v: POSTs at %v", a, times)
			}
		}
		w.reply = func(*job) Answer { return Created }
		w.run(time.Second, time.Millisecond)
		if len(w.pods) != 30 || w.s.Views(w.now)[0].Limit != "" {
			t.Errorf("%v: %d of 30 Pods", a, len(w.pods))
		}
	}
}
