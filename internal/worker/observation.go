package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Phase is how far a Pod has come.
type Phase uint8

// The phases of a Pod.
const (
	PhasePending Phase = iota // not bound to a node, or its containers have not started
	PhaseRunning
	PhaseSucceeded
	PhaseFailed
)

// Ended reports whether no container of the Pod runs or will run.
func (p Phase) Ended() bool { return p == PhaseSucceeded || p == PhaseFailed }

// Waiting is why a Pod that is bound to a node does not run yet, as far as it matters.
type Waiting uint8

// The kinds of waiting.
const (
	WaitingNone   Waiting = iota // it does not wait, or nothing is wrong
	WaitingImage                 // the image cannot be pulled (yet)
	WaitingBroken                // it will never start: invalid image name, container config error
)

// Observation is one Pod as the watch shows it, trimmed to what decisions need.
type Observation struct {
	Ref     PodRef
	Event   event.ID // from the Pod's annotation; zero: it cannot be read
	Slot    int      // 1..
	Attempt int      // 1..

	Gone      bool // the watch shows its deletion; all else is what was last seen
	Phase     Phase
	Node      string    // empty: not bound
	Deleting  time.Time // it is being deleted: when its grace is over
	Protected bool      // its owner lets no scale_down take it
	Disrupted bool      // ended, or being ended, by the infrastructure: evicted, preempted, node shutdown, not admitted by the kubelet
	Waiting   Waiting
	Reason    string       // CamelCase: why it waits or ended: OOMKilled, Error, Evicted, ErrImagePull, Unschedulable …
	Message   string       // for people, at most 1 KiB, valid UTF-8, no control characters but newline
	ExitCode  *int         // of the ended container
	Created   time.Time    // the API server's clock
	Finished  time.Time    // when the container ended, else zero
	Origin    *event.Event // the event as its annotation has it, not checked; nil if it has none, or was not asked for
}
