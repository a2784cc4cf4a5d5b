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

// The kinds of waiting. Of several containers the highest counts.
const (
	WaitingNone   Waiting = iota // it does not wait, or nothing is wrong
	WaitingStart                 // a sidecar or init container ends again and again
	WaitingImage                 // the image cannot be pulled (yet), or the container not be created
	WaitingBroken                // it will never start: invalid image name, a missing Secret
)

// MaxResult bounds what a worker may say when it succeeds, in bytes: all that Kubernetes keeps of a termination message.
const MaxResult = 4 << 10

// Observation is one Pod as the watch shows it, trimmed to what decisions need.
//
// Its main container is the one whose end is the worker's: the template names it. When it has ended its code decides, whatever
// the others do.
type Observation struct {
	Ref     PodRef
	Event   event.ID // from the Pod's annotation; zero: it cannot be read
	Slot    int      // 1..
	Attempt int      // 1..

	Gone      bool      // the watch shows its deletion; all else is what was last seen
	Phase     Phase     // of the Pod; running, too, once its main container runs while another one does not
	Node      string    // empty: not bound
	Scheduled time.Time // when it got its node; zero: not yet, or it does not say
	Starting  time.Time // since when it has a node and nothing of it has started; zero: something has, or is at work
	Gated     bool      // a scheduling gate holds it back
	Deleting  time.Time // it is being deleted: when its grace is over
	NodeDown  time.Time // since when its node is not ready, while it tolerates that for ever; zero: it is, or it does not

	Protected  bool // its owner lets no scale_down take it
	Ran        bool // its status says that a container of it runs or ran, or cannot exclude it
	Disrupted  bool // ended, or being ended, by the infrastructure: evicted, preempted, node shutdown
	Rejected   bool // the kubelet did not admit it; perhaps again, after it ran: its status may have been wiped
	MainEnded  bool // its main container has ended with ExitCode, and others that are no sidecars have not
	EndUnknown bool // nobody saw how its container ended: the node made its exit code up, and ExitCode is nil

	Waiting   Waiting
	Reason    string       // CamelCase: why it waits or ended: OOMKilled, Error, Evicted, ErrImagePull, Unschedulable …
	Message   string       // for people, at most 1 KiB (of a success MaxResult), valid UTF-8, no control characters but newline
	Container string       // whose ExitCode it is, or which waits; empty: it is about the Pod
	ExitCode  *int         // of the ended container
	Created   time.Time    // the API server's clock
	Started   time.Time    // when the main container, or else the one that decided, started; zero: it did not
	Finished  time.Time    // when the container ended, else zero
	Warning   string       // the newest warning of Kubernetes about a Pod that has not started; only of a Get
	Asked     bool         // it is the answer to a Get
	Origin    *event.Event // the event as its annotation has it, not checked; nil if it has none, or was not asked for
}

// endedBySignal reports whether the container was ended by SIGTERM or SIGKILL, but not for its memory: most likely not by
// itself.
func (o *Observation) endedBySignal() bool {
	return o.ExitCode != nil && (*o.ExitCode == 128+15 || *o.ExitCode == 128+9) && o.Reason != "OOMKilled"
}
