package checker

import (
	"slices"
	"strings"
	"time"
)

// cancel is a recorded cancel. What it takes follows from its entry and the events before it alone.
type cancel struct {
	At    time.Time
	Until time.Time // the latest possible time: At, but for one dated by a status entry's ID
	// Known is when the product knew at the latest that it was recorded: it sends a batch only after the reply to the last one.
	Known time.Time
	By    *sentEntry
	Where string
	Tx    int
}

func (c *cancel) takes(s *sentEntry) bool {
	switch {
	case s.Class != classUp || s.ID.compare(c.By.ID) >= 0:
		return false
	case c.By.Want.Target != "":
		return s.ID.String() == c.By.Want.Target
	}
	return s.Want.TaskID == c.By.Want.TaskID && s.Want.Queue == c.By.Want.Queue
}

// readCancels finds the cancels that were recorded, in that order, and for each event the first one that takes it.
func (t *traces) readCancels() {
	for i := range t.sent {
		s := &t.sent[i]
		if s.Class != classCancel {
			continue
		}
		for _, o := range t.history.Of[s.ID.String()] {
			if o.kind() == "cancelling" {
				t.cancels = append(t.cancels, cancel{At: o.At, Until: o.Until, Known: t.nextBatch(o), By: s, Where: o.Where, Tx: o.Tx})
				break
			}
		}
	}
	slices.SortStableFunc(t.cancels, func(a, b cancel) int { return a.At.Compare(b.At) })
	t.cancelOf = make(map[string]*cancel)
	for i := range t.cancels {
		for _, s := range t.targets(&t.cancels[i]) {
			if t.cancelOf[s.ID.String()] == nil {
				t.cancelOf[s.ID.String()] = &t.cancels[i]
			}
		}
	}
}

// nextBatch is when the first batch after that of a status entry was executed; without one, the entry's own time.
func (t *traces) nextBatch(s *statusEntry) time.Time {
	for i := range t.monitor.Commands {
		c := &t.monitor.Commands[i]
		if c.Tx != 0 && c.Tx != s.Tx && c.At.After(s.Until) && strings.HasPrefix(c.Args[min(1, len(c.Args)-1)], t.key("")) {
			return c.At
		}
	}
	return s.Until
}

// targets are the events that a cancel takes.
func (t *traces) targets(c *cancel) (all []*sentEntry) {
	for i := range t.sent {
		if c.takes(&t.sent[i]) {
			all = append(all, &t.sent[i])
		}
	}
	return all
}

// travel is how long a request may be on its way: the API server received it no later than this after it was sent.
func (t *traces) travel() time.Duration {
	if t.Fault.APIServer {
		return 10 * time.Second
	}
	return 2 * time.Second
}
