package queue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// oracle finds by brute force which event has to start next. It shares no code with the Scheduler: what it reads there is how
// lanes fare; all counts are its own.
type oracle struct {
	*world
	policy    *Policy
	paused    map[string]bool
	starts    int
	queueLive map[string]int
	tmplLive  map[string]int
	inFlight  map[string]int
	ofLane    map[*lane]int
	trying    map[string]bool
	trials    int
	lastTrial bool
	seen      map[string]int // kinds of choices
}

func (o *oracle) recount() {
	o.queueLive, o.tmplLive, o.inFlight = map[string]int{}, map[string]int{}, map[string]int{}
	o.ofLane, o.trying, o.trials = map[*lane]int{}, map[string]bool{}, 0
	for _, j := range o.jobs {
		o.queueLive[j.Queue] += j.live
		o.tmplLive[j.Template] += j.live
	}
	for _, p := range o.posts {
		o.inFlight[p.j.Template]++
		o.ofLane[p.c.lane]++
		if p.c.Trial {
			o.trying[p.j.Template] = true
			o.trials++
		}
	}
}

// startable are the events that caps, pauses and their own state let start.
func (o *oracle) startable() []*job {
	var can []*job
	for _, j := range o.jobs {
		queueCap, tmplCap := o.policy.Queues[j.Queue].MaxWorkers, o.policy.Templates[j.Template].MaxWorkers
		if j.left == 0 || j.MaxParallel > 0 && j.live >= j.MaxParallel || o.paused[j.Queue] || o.s.at(j.ref).isAside() ||
			queueCap > 0 && o.queueLive[j.Queue] >= queueCap || tmplCap > 0 && o.tmplLive[j.Template] >= tmplCap {
			continue
		}
		can = append(can, j)
	}
	return can
}

// expect returns the event that has to start, or nil.
func (o *oracle) expect(capacity int) (*job, bool) {
	o.recount()
	limit := o.s.Limit()
	if o.paused[AllQueues] || capacity <= 0 || len(o.posts) >= limit ||
		o.s.rest.on() && (o.s.rest.until > o.s.now || len(o.posts) > 0) {
		return nil, false
	}
	if j, trial := o.pick(capacity, limit, false); j != nil {
		return j, trial
	}
	if o.s.rest.on() {
		return o.pick(capacity, limit, true)
	}
	return nil, false
}

func (o *oracle) pick(capacity, limit int, sitting bool) (best *job, trial bool) {
	var tries, rest []*job
	for _, j := range o.startable() {
		l := o.s.at(j.ref).lane
		if l.sitsOut && !sitting {
			continue
		}
		suspect := l.line.template.openLanes > 0 && l.provenAt <= l.line.template.suspectAt
		switch {
		case l.breaker.open && l.breaker.until > o.s.now:
		case l.breaker.open || suspect:
			if !o.trying[j.Template] {
				tries = append(tries, j)
			}
		case o.ofLane[l] >= l.window:
		case l.quota.full && l.quota.free == 0 && l.quota.until > o.s.now && o.s.Credits() == 0:
		default:
			rest = append(rest, j)
		}
	}
	if o.trials >= limit/4 && o.trials > 0 {
		tries = nil
	}
	if len(tries) > 0 && (limit > 1 || !o.lastTrial || len(rest) == 0) {
		return slices.MinFunc(tries, o.leastTried), true
	}
	aged := capacity > limit && o.starts%8 == 7
	slices.SortFunc(rest, func(a, b *job) int { return o.compare(a, b, aged) })
	for _, j := range rest {
		if o.inFlight[j.Template] < limit-limit/4 {
			return j, false
		}
	}
	if len(rest) > 0 {
		return rest[0], false
	}
	return nil, false
}

func (o *oracle) leastTried(a, b *job) int {
	la, lb := o.s.at(a.ref).lane, o.s.at(b.ref).lane
	if la == lb {
		return o.compare(a, b, true)
	}
	names := func(j *job) string { return j.Queue + "\x00" + j.Template + "\x00" + j.Shape }
	return cmp.Or(cmp.Compare(la.tried, lb.tried), strings.Compare(names(a), names(b)))
}

func (o *oracle) compare(a, b *job, aged bool) int {
	if a.Queue != b.Queue && !aged {
		if c := o.share(a.Queue) - o.share(b.Queue); c != 0 {
			return c
		}
	}
	ka := a.AcceptedAt.Add(-time.Duration(a.Priority) * o.policy.Aging)
	kb := b.AcceptedAt.Add(-time.Duration(b.Priority) * o.policy.Aging)
	return cmp.Or(ka.Compare(kb), cmp.Compare(a.ID.Ms, b.ID.Ms), cmp.Compare(a.ID.Seq, b.ID.Seq))
}

// share is in sixtieths: all weights divide them.
func (o *oracle) share(queue string) int {
	weight := o.policy.Queues[queue].Weight
	if weight == 0 {
		weight = 1
	}
	return o.queueLive[queue] * 60 / int(weight)
}

// fill is the world's, and holds each choice against the oracle.
func (o *oracle) fill() {
	for {
		capacity := o.capacity - o.s.Live()
		o.s.tick(o.now)
		want, trial := o.expect(capacity)
		c, ok := o.s.Next(o.now, capacity)
		if !ok && want == nil {
			return
		}
		if !ok || want == nil || want.ref != c.Ref || trial != c.Trial {
			o.t.Fatalf("chose %+v (%v), want %+v (trial %v)", c, o.byRef[c.Ref], want, trial)
		}
		if o.lastTrial = c.Trial; !c.Trial {
			o.starts++
		}
		o.note(c, capacity)
		if o.s.Packed(c.Ref) {
			o.s.Unpack(c.Ref)
		}
		want.left, want.live = want.left-1, want.live+1
		o.posts = append(o.posts, post{c, want, o.now.Add(o.latency(want))})
	}
}

// note counts the kinds of choices: a test that never met one says nothing about it.
func (o *oracle) note(c Choice, capacity int) {
	o.seen["all"]++
	for kind, is := range map[string]bool{
		"trial": c.Trial, "credit": c.Credit, "aged": capacity > o.s.Limit() && o.starts%8 == 0, "rest": o.s.rest.on(),
		"suspect": c.lane.line.template.suspect() && !c.Trial, "probe": c.lane.quota.full && !c.Credit && !c.Trial,
	} {
		if is {
			o.seen[kind]++
		}
	}
}

// randomPolicy has n queues and templates, some with caps.
func (w *world) randomPolicy(queues, templates int) *Policy {
	capped := func() int { return w.r.IntN(3) / 2 * (1 + w.r.IntN(20)) }
	p := policy(map[string]QueuePolicy{}, map[string]TemplatePolicy{})
	for i := range queues {
		if w.r.IntN(4) > 0 {
			p.Queues[fmt.Sprint("q", i)] = QueuePolicy{Weight: 1 + w.r.Int64N(5), MaxWorkers: capped()}
		}
	}
	for i := range templates {
		p.Templates[fmt.Sprint("t", i)] = TemplatePolicy{MaxWorkers: capped()}
	}
	return p
}

// randomEntry is an event of one of n queues and templates.
func (w *world) randomEntry(queues, templates int) Entry {
	e := Entry{
		Queue: fmt.Sprint("q", w.r.IntN(queues)), Template: fmt.Sprint("t", w.r.IntN(templates)), Shape: fmt.Sprint(w.r.IntN(3)),
		Slots: 1 + w.r.IntN(6), MaxParallel: w.r.IntN(3) * w.r.IntN(3), Priority: w.r.IntN(3) - 1,
	}
	if w.r.IntN(2) == 0 {
		e.Fields = map[string]string{"task_id": "task"}
		e.Task = "task"
	}
	return e
}

// TestChoice: each start is the one that brute force finds, whatever comes, goes and fails.
func TestChoice(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(400) {
		o := newOracle(t, seed)
		o.seen = seen
		queues, templates := 1+o.r.IntN(8), 1+o.r.IntN(4)
		o.apply(o.randomPolicy(queues, templates))
		o.reply = o.failures(seed)
		o.latency = func(*job) time.Duration { return time.Duration(5+o.r.IntN(40)) * time.Millisecond }
		o.life = func(*job) time.Duration { return time.Duration(o.r.IntN(2000)) * time.Millisecond }
		for range 150 {
			o.happen(queues, templates)
			o.fill()
		}
		o.finish()
	}
	t.Log(seen)
	for _, kind := range []string{"trial", "credit", "aged", "rest", "suspect", "probe"} {
		if seen[kind] < 100 {
			t.Errorf("%d choices of kind %s", seen[kind], kind)
		}
	}
}

func newOracle(t *testing.T, seed uint64) *oracle {
	w := newWorld(t, seed, Limits{Create: 1 + int(seed%20), PendingTimeout: time.Hour}, policy(nil, nil))
	w.capacity = 3 + w.r.IntN(60)
	return &oracle{world: w, paused: map[string]bool{}}
}

func (o *oracle) apply(p *Policy) {
	o.policy = p
	o.s.Apply(o.now, p)
}

// failures answers well, or, for every other seed, badly at times.
func (o *oracle) failures(seed uint64) func(*job) Answer {
	return func(*job) Answer {
		if seed%2 == 0 || o.r.IntN(4) > 0 {
			return Created
		}
		return Answer(1 + o.r.IntN(int(Conflict)))
	}
}

// happen lets one thing happen.
func (o *oracle) happen(queues, templates int) {
	switch o.r.IntN(10) {
	case 0, 1, 2:
		o.add(o.randomEntry(queues, templates))
	case 3:
		name := fmt.Sprint("q", o.r.IntN(queues+1))
		if name == fmt.Sprint("q", queues) {
			name = AllQueues
		}
		o.paused[name] = o.r.IntN(3) == 0
		o.s.Pause(name, o.paused[name])
	case 4:
		if o.r.IntN(4) == 0 {
			o.apply(o.randomPolicy(queues, templates))
		}
	case 5:
		o.advance(time.Duration(o.r.IntN(6000)) * time.Millisecond)
	default:
		o.advance(time.Duration(o.r.IntN(60)) * time.Millisecond)
	}
}

// finish sees everything run in the end.
func (o *oracle) finish() {
	for name := range o.paused {
		o.s.Pause(name, false)
	}
	o.paused = map[string]bool{}
	o.apply(policy(nil, nil))
	o.reply = func(*job) Answer { return Created }
	o.life = func(*job) time.Duration { return 10 * time.Millisecond }
	for i := 0; len(o.jobs) > 0; i++ {
		if i == 2000 {
			o.t.Fatalf("%d events are left, the first is %+v: %+v", len(o.jobs), o.jobs[0], o.s.Views(o.now))
		}
		o.fill()
		o.advance(100 * time.Millisecond)
	}
	if len(o.s.queues)+len(o.s.templates)+o.s.Live()+o.s.Creating()+o.s.Len() > 0 {
		o.t.Fatalf("something is left: %+v", o.s)
	}
}
