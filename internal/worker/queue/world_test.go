package queue

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// began is when the tests' time begins.
var began = time.UnixMilli(1_756_659_802_000).UTC()

// world is an installation in its own time: it sends the chosen POSTs to a cluster that the test makes up.
type world struct {
	t        *testing.T
	s        *Scheduler
	r        *rand.Rand
	now      time.Time
	capacity int
	seq      uint64
	jobs     []*job // open events
	byRef    map[Ref]*job
	posts    []post
	pods     []pod
	soonest  time.Time // before the first of them ends

	latency func(*job) time.Duration // of a POST
	reply   func(*job) Answer        // when it is answered
	life    func(*job) time.Duration // of a Pod
	chosen  func(Choice, *job)       // after each choice
	removed func(*job)
}

// job is what the world knows of an event.
type job struct {
	Entry
	ref     Ref
	left    int // slots to start
	live    int // places
	created int // Pods, ever
	tries   int // POSTs that were refused
	failed  bool
}

type post struct {
	c   Choice
	j   *job
	end time.Time
}

type pod struct {
	p   Place
	j   *job
	end time.Time
	// unsure: a reply was lost; the GET at its end finds nothing.
	unsure bool
}

func newWorld(t *testing.T, seed uint64, l Limits, p *Policy) *world {
	w := &world{t: t, s: New(l, p), r: rand.New(rand.NewPCG(seed, 7)), now: began, capacity: 1 << 30, byRef: map[Ref]*job{}}
	w.latency = func(*job) time.Duration { return 20 * time.Millisecond }
	w.reply = func(*job) Answer { return Created }
	w.life = func(*job) time.Duration { return time.Hour }
	w.chosen = func(Choice, *job) {}
	w.removed = func(*job) {}
	return w
}

// policy is one without caps but those of the queues and templates given.
func policy(queues map[string]QueuePolicy, templates map[string]TemplatePolicy) *Policy {
	return &Policy{Aging: 10 * time.Minute, Defaults: QueuePolicy{Weight: 1}, Queues: queues, Templates: templates}
}

// add sends an event.
func (w *world) add(e Entry) *job {
	w.seq++
	if e.ID.IsZero() {
		e.ID = event.ID{Ms: uint64(w.now.UnixMilli()), Seq: w.seq}
	}
	if e.AcceptedAt.IsZero() {
		e.AcceptedAt = w.now
	}
	j := &job{Entry: e, left: e.Slots}
	j.ref = w.s.Add(e)
	w.jobs = append(w.jobs, j)
	w.byRef[j.ref] = j
	return j
}

// fill starts what may start.
func (w *world) fill() {
	for {
		c, ok := w.s.Next(w.now, w.capacity-w.s.Live())
		if !ok {
			return
		}
		j := w.byRef[c.Ref]
		if w.s.Packed(c.Ref) {
			w.s.Unpack(c.Ref)
		}
		w.chosen(c, j)
		j.left, j.live = j.left-1, j.live+1
		p := post{c, j, w.now.Add(w.latency(j))}
		if !p.end.After(w.now) {
			w.answer(p)
			continue
		}
		w.posts = append(w.posts, p)
	}
}

// advance lets time pass, in which answers come and Pods end.
func (w *world) advance(d time.Duration) {
	w.now = w.now.Add(d)
	posts := w.posts
	w.posts = nil
	for _, p := range posts {
		if p.end.After(w.now) {
			w.posts = append(w.posts, p)
			continue
		}
		w.answer(p)
	}
	w.endPods()
}

// endPods ends those whose time is over; most steps there is none.
func (w *world) endPods() {
	if w.soonest.After(w.now) {
		return
	}
	pods := w.pods
	w.pods, w.soonest = nil, w.now.Add(time.Hour)
	for _, p := range pods {
		if p.end.After(w.now) {
			w.start(p)
			continue
		}
		w.end(p)
	}
}

func (w *world) start(p pod) {
	w.pods = append(w.pods, p)
	if p.end.Before(w.soonest) {
		w.soonest = p.end
	}
}

// run fills and advances until d has passed.
func (w *world) run(d, step time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.fill()
		w.advance(step)
	}
}

func (w *world) answer(p post) {
	j, a := p.j, w.reply(p.j)
	v := w.s.Answer(w.now, p.c, a, a.String())
	switch a {
	case Created:
		j.created++
		w.start(pod{p: p.c.Place, j: j, end: w.now.Add(w.life(j))})
		return
	case Unknown:
		w.start(pod{p: p.c.Place, j: j, end: w.now.Add(time.Second), unsure: true})
		return
	case Refused:
		j.tries++
	case Conflict:
		w.s.AddSlots(j.ref, 1)
	}
	j.live--
	if v.Expired {
		w.fail(j)
		return
	}
	j.left++
}

// fail ends an event's slots without a Pod.
func (w *world) fail(j *job) {
	j.failed = true
	w.s.AddSlots(j.ref, -j.left)
	j.left = 0
	w.remove(j)
}

func (w *world) end(p pod) {
	place := p.p
	w.s.Release(&place)
	p.j.live--
	if p.unsure && !p.j.failed {
		p.j.left++
		w.s.AddSlots(p.j.ref, 1)
	}
	w.remove(p.j)
}

// remove forgets an event that has nothing left.
func (w *world) remove(j *job) {
	if j.left > 0 || j.live > 0 {
		return
	}
	w.s.Remove(j.ref)
	delete(w.byRef, j.ref)
	for i := range w.jobs {
		if w.jobs[i] == j {
			w.jobs[i] = w.jobs[len(w.jobs)-1]
			w.jobs = w.jobs[:len(w.jobs)-1]
			break
		}
	}
	w.removed(j)
}

// live is how many places a queue holds, by the world's own count.
func (w *world) live(queue string) int {
	n := 0
	for _, j := range w.jobs {
		if j.Queue == queue {
			n += j.live
		}
	}
	return n
}
