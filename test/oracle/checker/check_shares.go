package checker

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// settling is how far the traces may lie beside what the product knew: it sends a POST before the API server receives it, and
// gives a place back before the worker's outcome is in Redis.
const settling = time.Second

// refusalRest is the longest pause of a lane that the API server refuses: until it is over, the lane takes no part.
const refusalRest = time.Minute

// fairShares is O14. After each start of a queue a in a full house, for every other queue b that could have started one:
//
//	live_a/w_a <= live_b/w_b + 1/w_a
//
// The places that a queue holds at a moment are known to within those that change hands around it, so the bound is broken only
// if the fewest of a and the most of b break it. Besides, no cap of a queue or of an event is exceeded.
func (t *traces) fairShares() Result {
	if t.Fault.Redis || t.Fault.unanswered() || t.Fault.LostWrites {
		return skipped("outcomes and requests may be late")
	}
	var f findings
	t.parallel(&f)
	if len(t.Queues) == 0 {
		return withNote(f.result(), "no weights given: shares are not compared")
	}
	h := t.newHouse()
	judged := 0
	for _, s := range h.starts {
		judged += h.judge(s, &f)
	}
	if judged == 0 && len(f) == 0 {
		return unknown("no start in a full house while another queue waited")
	}
	return withNote(f.result(), fmt.Sprintf("%d comparisons", judged))
}

func withNote(r Result, note string) Result {
	r.Note = note
	return r
}

// parallel: no event has more workers at once than its max_parallel.
func (t *traces) parallel(f *findings) {
	for i := range t.sent {
		s := &t.sent[i]
		if s.Want.MaxParallel == 0 || s.Class != classUp {
			continue
		}
		var p places
		for _, pod := range t.podsOf[s.ID.String()] {
			p.add(t.heldBy(pod))
		}
		p.sort()
		for _, at := range p.from {
			if n := p.fewest(at); n > s.Want.MaxParallel {
				f.add("event %s had %d workers at once at %s, its max_parallel is %d", s.ID, n, at.Format(time.RFC3339Nano), s.Want.MaxParallel)
				break
			}
		}
	}
}

// heldBy is when a Pod held a place: from its POST to the end of its attempt.
func (t *traces) heldBy(p *pod) (from, to time.Time, held bool) {
	if !p.existed() || len(p.Posts) == 0 {
		return from, to, false
	}
	to = farFuture
	ended := t.firstStatus(p.Worker, func(s *statusEntry) bool {
		return s.attempt() == p.Attempt && (s.isOutcome() || s.state() == "retrying")
	})
	if ended != nil {
		to = ended.At
	}
	return p.Posts[0].Received, to, true
}

// places are when places were taken and given back, each sorted.
type places struct{ from, to []time.Time }

func (p *places) add(from, to time.Time, held bool) {
	if held {
		p.from, p.to = append(p.from, from), append(p.to, to)
	}
}

func (p *places) sort() {
	slices.SortFunc(p.from, time.Time.Compare)
	slices.SortFunc(p.to, time.Time.Compare)
}

// upTo counts the times that are not after one.
func upTo(sorted []time.Time, at time.Time) int {
	i, _ := slices.BinarySearchFunc(sorted, at.Add(1), time.Time.Compare)
	return i
}

// fewest is how many places were surely held.
func (p *places) fewest(at time.Time) int { return upTo(p.from, at) - upTo(p.to, at.Add(settling)) }

// most is how many places may have been held.
func (p *places) most(at time.Time) int { return upTo(p.from, at.Add(settling)) - upTo(p.to, at) }

// queueUse is one queue's part in the house.
type queueUse struct {
	Queue

	places
	refused []time.Time // POSTs that were not answered 201
	waiting []gap       // when it surely had a worker that could start; sorted, apart from each other
}

func (u *queueUse) weight() int { return max(1, int(u.Weight)) }

// start is one POST that took a place.
type start struct {
	at    time.Time
	queue string
	post  *request
}

// house is who held how many places, and when.
type house struct {
	*traces

	queues map[string]*queueUse
	names  []string // sorted
	all    places
	starts []start
}

func (t *traces) newHouse() *house {
	h := &house{traces: t, queues: make(map[string]*queueUse)}
	for _, p := range t.sortedPods() {
		h.add(p)
	}
	for i := range t.sent {
		h.wait(&t.sent[i])
	}
	h.all.sort()
	for _, u := range h.queues {
		u.sort()
		slices.SortFunc(u.refused, time.Time.Compare)
		u.waiting = joined(u.waiting)
	}
	h.names = slices.Sorted(maps.Keys(h.queues))
	slices.SortStableFunc(h.starts, func(a, b start) int { return a.at.Compare(b.at) })
	return h
}

func (h *house) queue(name string) *queueUse {
	if h.queues[name] == nil {
		h.queues[name] = &queueUse{Queue: h.Queues[name]}
	}
	return h.queues[name]
}

func (h *house) add(p *pod) {
	name := h.queueOf[p.Worker.Event]
	u := h.queue(name)
	for _, r := range p.Posts {
		if r.Code != 201 {
			u.refused = append(u.refused, r.Received)
		}
	}
	from, to, held := h.heldBy(p)
	u.add(from, to, held)
	h.all.add(from, to, held)
	if held {
		h.starts = append(h.starts, start{from, name, p.Posts[0]})
	}
}

// wait adds when workers of an event waited for a place and for nothing else: those that got their first Pod later.
func (h *house) wait(s *sentEntry) {
	accepted := h.firstOf(s.ID.String(), "accepted")
	if s.Class != classUp || s.Want.MaxParallel > 0 || accepted == nil {
		return
	}
	u := h.queue(s.Want.Queue)
	for slot := 1; slot <= s.Want.Count; slot++ {
		p := h.pods[attemptID{workerID{s.ID.String(), slot}, 1}]
		if p == nil || len(p.Posts) == 0 {
			continue
		}
		span := gap{accepted.Until.Add(settling), p.Posts[0].Received.Add(-settling)}
		if span.From.Before(span.To) {
			u.waiting = append(u.waiting, span)
		}
	}
}

// joined merges what overlaps.
func joined(all []gap) (out []gap) {
	slices.SortFunc(all, func(a, b gap) int { return a.From.Compare(b.From) })
	for _, g := range all {
		if last := len(out) - 1; last >= 0 && !g.From.After(out[last].To) {
			if g.To.After(out[last].To) {
				out[last].To = g.To
			}
			continue
		}
		out = append(out, g)
	}
	return out
}

// judge compares one start with all other queues, and says with how many.
func (h *house) judge(s start, f *findings) (compared int) {
	a := h.queue(s.queue)
	mine := a.fewest(s.at)
	if a.MaxWorkers > 0 && mine > a.MaxWorkers {
		f.add("queue %s had %d workers at once (%v), its cap is %d", s.queue, mine, s.post, a.MaxWorkers)
	}
	if free := h.Capacity - h.all.fewest(s.at); free > h.MaxInFlight/2 || a.rests(s.at) {
		return 0
	}
	for _, name := range h.names {
		b := h.queues[name]
		if name == s.queue || !h.couldStart(name, b, s.at) {
			continue
		}
		compared++
		if most := b.most(s.at); mine*b.weight() > most*a.weight()+b.weight() {
			f.add("%v: queue %s then held at least %d places at weight %d, while %s waited with at most %d at weight %d",
				s.post, s.queue, mine, a.weight(), name, most, b.weight())
		}
	}
	return compared
}

// rests: one of its lanes may be shut.
func (u *queueUse) rests(at time.Time) bool {
	return upTo(u.refused, at.Add(settling)) > upTo(u.refused, at.Add(-refusalRest))
}

// couldStart: the queue surely had a worker to start, below its cap, not paused and not refused.
func (h *house) couldStart(name string, u *queueUse, at time.Time) bool {
	i := slices.IndexFunc(u.waiting, func(g gap) bool { return at.Before(g.To) })
	if i < 0 || at.Before(u.waiting[i].From) || u.rests(at) {
		return false
	}
	if u.MaxWorkers > 0 && u.most(at) >= u.MaxWorkers {
		return false
	}
	return !slices.ContainsFunc(h.pauses, func(p pause) bool {
		return (p.Queue == allQueues || p.Queue == name) && at.After(p.From.Add(-settling)) && at.Before(p.Until.Add(settling))
	})
}
