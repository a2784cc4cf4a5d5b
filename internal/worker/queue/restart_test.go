package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRestart: a Scheduler made anew of what is recorded, and of the Pods that there are, chooses as the old one does.
func TestRestart(t *testing.T) {
	compared := 0
	for seed := range uint64(200) {
		w := newWorld(t, seed, Limits{Create: 64}, policy(nil, nil))
		w.capacity = 3 + w.r.IntN(60) // less than the limit: no start goes by age, which how many there were decides
		queues, templates := 1+w.r.IntN(8), 1+w.r.IntN(4)
		p := w.randomPolicy(queues, templates)
		w.s.Apply(w.now, p)
		w.latency = func(*job) time.Duration { return atOnce }
		w.life = func(*job) time.Duration { return time.Duration(w.r.IntN(3000)) * time.Millisecond }
		for range 100 {
			w.add(w.randomEntry(queues, templates))
			w.fill()
			w.advance(time.Duration(w.r.IntN(60)) * time.Millisecond)
		}
		w.advance(200 * time.Millisecond)
		for range 10 {
			w.add(w.randomEntry(queues, templates))
		}
		w.capacity = min(w.capacity+10, 64)
		compared += w.compare(w.recovered(p))
	}
	if t.Logf("%d choices compared", compared); compared < 1000 {
		t.Errorf("only %d choices were compared", compared)
	}
}

// recovered is the next term's Scheduler.
func (w *world) recovered(p *Policy) *Scheduler {
	s := New(Limits{Create: 64}, p)
	jobs := append([]*job(nil), w.jobs...)
	w.r.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	for _, j := range jobs {
		e := j.Entry
		e.Slots = j.left
		if e.Fields = nil; j.created == 0 {
			e.Fields = map[string]string{"task_id": j.Task}
		}
		r := s.Add(e)
		for range j.live {
			s.Occupy(r)
		}
	}
	return s
}

// compare lets both choose until there is nothing to start.
func (w *world) compare(other *Scheduler) int {
	for n := 0; ; n++ {
		a, ok := w.s.Next(w.now, w.capacity-w.s.Live())
		b, okB := other.Next(w.now, w.capacity-other.Live())
		if ok != okB || ok && a.id != b.id {
			w.t.Fatalf("chose %v (%v), made anew %v (%v)", a.id, ok, b.id, okB)
		}
		if !ok {
			return n
		}
		w.s.Answer(w.now, a, Created, "")
		other.Answer(w.now, b, Created, "")
	}
}

// TestReplay: the same inputs have the same outputs, down to the last byte.
func TestReplay(t *testing.T) {
	for seed := range uint64(30) {
		first, second := history(t, seed), history(t, seed)
		if first == second {
			continue
		}
		a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("seed %d, line %d:\n%s\n%s", seed, i, a[i], b[i])
			}
		}
		t.Fatal("one history is longer")
	}
}

// history is everything that a Scheduler says while much goes wrong.
func history(t *testing.T, seed uint64) string {
	o := newOracle(t, seed)
	o.seen = map[string]int{}
	o.apply(o.randomPolicy(4, 3))
	o.reply = o.failures(1)
	o.life = func(*job) time.Duration { return time.Duration(o.r.IntN(2000)) * time.Millisecond }
	var b strings.Builder
	o.chosen = func(c Choice, j *job) {
		fmt.Fprintln(&b, j.ID, c.Place, c.Trial, c.Credit, o.s.Wake(o.now))
	}
	for range 200 {
		o.happen(4, 3)
		o.world.fill()
		fmt.Fprintln(&b, o.s.Views(o.now), o.s.Limit(), o.s.Creating(), o.s.Credits(), o.s.Expire(o.now))
		for r := range o.s.OfTask("q1", "task") {
			fmt.Fprint(&b, o.s.Event(r), " ")
		}
	}
	return b.String()
}
