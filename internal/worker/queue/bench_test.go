package queue

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// BenchmarkStartEnd is one worker's way: its Pod's place is given back, another one's POST is chosen and answered, and an
// event is accepted; with 50,000 Pods and 100,000 events that wait.
func BenchmarkStartEnd(b *testing.B) {
	for _, c := range []struct{ queues, templates, shapes int }{{1, 1, 1}, {10, 2, 1}, {1000, 3, 1}, {100, 4, 16}, {4000, 1, 1}} {
		b.Run(fmt.Sprintf("queues=%d/templates=%d/shapes=%d", c.queues, c.templates, c.shapes), func(b *testing.B) {
			w := newBenchWorld(c.queues, c.templates, c.shapes)
			b.ReportAllocs()
			for b.Loop() {
				w.step(b)
			}
		})
	}
}

type benchWorld struct {
	s      *Scheduler
	r      *rand.Rand
	lanes  []Entry
	seq    uint64
	places []Place
	events []Ref
}

func newBenchWorld(queues, templates, shapes int) *benchWorld {
	p := policy(map[string]QueuePolicy{}, nil)
	w := &benchWorld{r: rand.New(rand.NewPCG(3, 3))}
	for q := range queues {
		name := fmt.Sprint("q", q)
		p.Queues[name] = QueuePolicy{Weight: 1 + w.r.Int64N(5)}
		for t := range templates {
			for sh := range shapes {
				w.lanes = append(w.lanes, Entry{Queue: name, Template: fmt.Sprint("t", (q+t)%16), Shape: fmt.Sprint(sh), Slots: 1})
			}
		}
	}
	w.s = New(Limits{Create: 96}, p)
	for range 150_000 {
		w.accept()
	}
	for range 50_000 {
		w.start(nil)
	}
	return w
}

func (w *benchWorld) accept() {
	w.seq++
	e := w.lanes[w.r.IntN(len(w.lanes))]
	e.ID, e.AcceptedAt = event.ID{Ms: w.seq}, began.Add(time.Duration(w.seq)*time.Millisecond)
	e.Fields = map[string]string{"task_id": "task"}
	e.Task, e.Priority = "task", w.r.IntN(2)
	w.s.Add(e)
}

func (w *benchWorld) start(b *testing.B) {
	c, ok := w.s.Next(began, 1)
	if !ok {
		b.Fatal("nothing starts")
	}
	w.s.Unpack(c.Ref)
	w.s.Answer(began, c, Created, "")
	w.places, w.events = append(w.places, c.Place), append(w.events, c.Ref)
}

func (w *benchWorld) step(b *testing.B) {
	i, last := w.r.IntN(len(w.places)), len(w.places)-1
	w.s.Release(&w.places[i])
	w.s.Remove(w.events[i])
	w.places[i], w.events[i] = w.places[last], w.events[last]
	w.places, w.events = w.places[:last], w.events[:last]
	w.start(b)
	w.accept()
}
