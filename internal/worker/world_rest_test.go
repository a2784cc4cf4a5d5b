package worker

import "github.com/ottoscaler/ottoscaler/internal/event"

// The world comes to rest, and is judged.

// heal lets everything happen that can, without faults, until nothing is left to do.
func (w *world) heal() {
	for _, name := range w.podNames() {
		if w.pods[name].edited() {
			w.relabel(name)
		}
	}
	for round := 0; ; round++ {
		if round > 5000 {
			w.fatal("it does not come to rest: %d open", w.open())
		}
		w.deliverNew(10)
		w.commit(len(w.writes), false)
		for len(w.creates) > 0 {
			w.serveCreate(0, "")
		}
		for len(w.removes) > 0 {
			w.serveRemove(0, false)
		}
		for len(w.asks) > 0 {
			w.serveAsk(0, false)
		}
		for len(w.replies) > 0 {
			w.reply(0)
		}
		for _, name := range w.podNames() {
			if !w.pods[name].obs.Deleting.IsZero() && w.deletable(name) {
				w.advance(name, PhaseFailed)
				w.vanish(name)
				continue
			}
			w.advance(name, PhaseSucceeded)
		}
		w.deliverWatch(len(w.watched))
		if w.quiet() {
			if w.open() == 0 && len(w.pods) == 0 && w.read == len(w.entries) && len(w.core.removals.byPod) == 0 {
				return
			}
			next := w.core.next()
			if next.IsZero() {
				w.fatal("nothing will happen any more: %d open, Pods %v, %d pending", w.open(), w.podNames(), len(w.pending))
			}
			w.now = later(w.now, next)
			w.feed(tick{})
		}
	}
}

func (w *world) quiet() bool {
	return len(w.writes)+len(w.creates)+len(w.removes)+len(w.asks)+len(w.replies)+len(w.watched) == 0
}

func (w *world) open() int {
	n := 0
	for _, r := range w.records {
		if !r.Closed {
			n++
		}
	}
	return n
}

// checkEnd: every entry was dealt with, every worker has its outcome, nothing is left anywhere.
func (w *world) checkEnd() {
	for _, e := range w.entries {
		w.checkEntry(e.ID)
	}
	c := w.core
	if c.holdingCapacity != 0 || len(c.events)+len(c.removals.byPod)+len(c.lookups.byEvent)+len(c.orphans.byEvent) != 0 {
		w.fatal("the core keeps %d live, %d events, %d removals, %d questions, %d orphans", c.holdingCapacity, len(c.events),
			len(c.removals.byPod), len(c.lookups.byEvent), len(c.orphans.byEvent))
	}
}

func (w *world) checkEntry(id event.ID) {
	if w.pending[id] {
		w.fatal("entry %s is still pending", id)
	}
	ways := 0
	if _, ok := w.closed[id]; ok {
		ways++
	}
	if w.dead[id] != "" {
		ways++
	}
	if of, ok := w.dups[id]; ok && (!of.IsZero() || ways == 0) { // delivered again: its end came before
		ways++
	}
	if ways != 1 && !w.gone[id] {
		w.fatal("entry %s has %d ends", id, ways)
	}
}
