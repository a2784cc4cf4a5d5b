package checker

import (
	"slices"
	"strings"
	"time"
)

// allQueues stands for every queue in a pause.
const allQueues = "*"

// pauseWrite is one change of the hash of paused queues.
type pauseWrite struct {
	Tx    int
	Queue string
	On    bool
}

// pause is a time in which nothing of a queue, or of all queues, was started.
type pause struct {
	Queue string
	From  time.Time // recorded by then
	Until time.Time // not resumed before
	Where string
}

func (p *pause) holds(queue string, at time.Time) bool {
	return (p.Queue == allQueues || p.Queue == queue) && at.After(p.From) && at.Before(p.Until)
}

// isControl: it is about a command of an operator, and no event.
func (s *statusEntry) isControl() bool { return s.kind() == "paused" || s.kind() == "resumed" }

// pause adds a change of the hash of paused queues.
func (h *history) pause(c *command, in *Input) {
	if c.Args[1] != in.key("pause") {
		return
	}
	step := 1
	if c.Args[0] != "HDEL" {
		step = 2
	}
	for i := 2; i < len(c.Args); i += step {
		h.PauseTx = append(h.PauseTx, pauseWrite{c.Tx, c.Args[i], step == 2})
	}
}

// readPauses pairs each `paused` of a queue with its next `resumed`.
func (t *traces) readPauses() {
	t.queueOf = make(map[string]string, len(t.sent))
	for i := range t.sent {
		t.queueOf[t.sent[i].ID.String()] = t.sent[i].Want.Queue
	}
	open := make(map[string]int) // index in t.pauses, by queue
	for i := range t.history.Status {
		s := &t.history.Status[i]
		queue := s.Fields["queue"]
		at, paused := open[queue]
		switch {
		case s.kind() == "paused" && !paused:
			open[queue] = len(t.pauses)
			t.pauses = append(t.pauses, pause{queue, s.Until, farFuture, s.Where})
		case s.kind() == "resumed" && paused:
			t.pauses[at].Until = s.At
			delete(open, queue)
		}
	}
}

// pausesHold is O15. The product obeys a pause before it is recorded, and a resume only afterwards.
func (t *traces) pausesHold() Result {
	switch {
	case t.Fault.LostWrites:
		return skipped("Redis may have lost what was paused")
	case t.unordered != "" && len(t.pauses) > 0:
		return unknown(t.unordered)
	}
	var f findings
	for _, p := range t.sortedPods() {
		for _, r := range p.Posts {
			t.notWhilePaused(p, r, &f)
		}
	}
	t.pausedAtOnce(&f)
	t.pausedAtEnd(&f)
	return f.result()
}

// notWhilePaused: what was on its way when a pause was recorded has arrived a little later.
func (t *traces) notWhilePaused(p *pod, r *request, f *findings) {
	queue := t.queueOf[p.Worker.Event]
	for i := range t.pauses {
		if on := &t.pauses[i]; on.holds(queue, r.Received.Add(-t.travel())) && on.holds(queue, r.Received) {
			f.add("%v: %v came %v after %q was paused (%s)", p.Worker, r, r.Received.Sub(on.From), on.Queue, on.Where)
		}
	}
}

// pausedAtOnce: one MULTI applies a command and reports it.
func (t *traces) pausedAtOnce(f *findings) {
	for i := range t.history.Status {
		s := &t.history.Status[i]
		if !s.isControl() || inGap(s.Where) {
			continue
		}
		want := pauseWrite{s.Tx, s.Fields["queue"], s.kind() == "paused"}
		if s.Tx == 0 || !slices.Contains(t.history.PauseTx, want) {
			f.add("queue %q: %v was not recorded in the same MULTI", want.Queue, s)
		}
	}
}

// pausedAtEnd: what is recorded at the end is what was reported last.
func (t *traces) pausedAtEnd(f *findings) {
	var reported []string
	for i := range t.pauses {
		if t.pauses[i].Until.Equal(farFuture) {
			reported = append(reported, t.pauses[i].Queue)
		}
	}
	slices.Sort(reported)
	if stored := slices.Sorted(slices.Values(t.end.Paused)); !slices.Equal(reported, stored) {
		f.add("the queues paused at the end are %q, but the status stream says %q", stored, reported)
	}
}

// inGap: it was written in a gap of MONITOR, and is known from the end state alone.
func inGap(where string) bool { return strings.HasPrefix(where, "status entry") }
