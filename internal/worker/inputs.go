package worker

import (
	"log/slog"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// input is one thing that happened. The kinds are listed here; step handles each.
type input interface{ isInput() }

type (
	loaded struct { // at the start of a term, before anything else, in pages
		records       []Record             // those still open, in the order of their IDs
		lastAccepted  event.ID             // the highest ID accepted before
		replaced      event.ID             // the highest ID accepted from the stream before this one
		completeSince event.ID             // the highest ID whose record may have been lost
		paused        map[string]Paused    // queues, AllQueues among them
		applied       event.ID             // the last command applied before
		clocks        map[string]time.Time // with the first page, by name
	}
	commands struct{ batch []Command } // of operators
	reloaded struct {                  // the operator's files have changed
		policy    *queue.Policy
		rules     event.Rules
		templates []string // whose contents are others now, sorted
	}
	entries  struct{ batch []Entry } // read from the stream
	observed struct {                // from the watch
		batch    []Observation
		complete bool // these are all Pods there are
	}
	written struct{ n int } // the n oldest writes are committed
	created struct {        // the reply to a create
		create
		uid string
		err error
	}
	removed struct { // the reply to a remove
		remove
		err error
	}
	checked struct { // the reply to a check
		check
		pod *Observation // nil: it is gone
		err error
	}
	found struct { // the reply to a find
		find
		record     *Record // nil: there is none
		unreadable bool    // there is one that cannot be read
		lost       bool    // there is none although the event is open
	}
	stop struct{} // finish what is in flight, begin nothing
	tick struct{} // time has passed
)

func (loaded) isInput()   {}
func (commands) isInput() {}
func (reloaded) isInput() {}
func (entries) isInput()  {}
func (observed) isInput() {}
func (written) isInput()  {}
func (created) isInput()  {}
func (removed) isInput()  {}
func (checked) isInput()  {}
func (found) isInput()    {}
func (stop) isInput()     {}
func (tick) isInput()     {}

// effect is one thing to do. Each but write and logEntry gets exactly one reply as an input.
type effect interface{ isEffect() }

type (
	write  struct{ Write } // commit this, after all writes before it
	create struct {        // start the Pod of an attempt
		PodSpec
		choice queue.Choice
	}
	remove struct{ PodRef } // delete a Pod whose worker's outcome is recorded
	check  struct {         // ask what became of a Pod that the watch does not show; with slot 0, which event an orphan's is
		PodRef
		event event.ID
		slot  int
	}
	find     struct{ id event.ID } // read an event's record
	logEntry struct {
		level   slog.Level
		message string
		attrs   []any
	}
)

func (write) isEffect()    {}
func (create) isEffect()   {}
func (remove) isEffect()   {}
func (check) isEffect()    {}
func (find) isEffect()     {}
func (logEntry) isEffect() {}
