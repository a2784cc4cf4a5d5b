package podlogs

import (
	"time"
)

// Target is one container.
type Target struct {
	Namespace, Pod, Container string

	UID string // of the Pod; empty: of whichever has the name
}

// Line is a line that a container printed, a part of a long one, or a marker.
type Line struct {
	Target

	Time      time.Time // when the node got it; of a marker, of the line before it, zero: there is none
	Text      []byte    // any bytes, without the newline; others read them too
	Continued bool      // the next Line of this container, unless it is a marker, goes on with it
	Marker    Marker    // not empty: the Text is ours, and says what happened here
}

// Marker is the kind of a Line that no program printed.
type Marker string

// The markers.
const (
	MarkerGap       Marker = "gap"       // lines may be missing here: the node rotated or lost its file
	MarkerSlow      Marker = "slow"      // lines are missing here: this reader did not keep up
	MarkerRestarted Marker = "restarted" // the container was started again
	MarkerEnd       Marker = "end"       // the end of the log may be missing
)

// From is where to begin. The zero value is the start of what there is; with both fields set both apply.
type From struct {
	Since time.Time // on the node's clock; zero: no limit
	Tail  *int      // this many lines at most of what there is already; nil: no limit
}

func (f From) start() bool { return f.Since.IsZero() && f.Tail == nil }

// entry is a part of a log: a line, a part of one, or a marker. Entries are shared and never change.
type entry struct {
	key    key // of the line
	text   []byte
	first  bool // the line begins here
	last   bool // and ends here
	marker Marker
}

func (e *entry) line(t Target) Line {
	l := Line{Target: t, Text: e.text, Continued: !e.last, Marker: e.marker}
	if e.key.time != 0 {
		l.Time = time.Unix(0, e.key.time).UTC()
	}
	return l
}

// size is about what an entry takes.
func (e *entry) size() int { return len(e.text) + 96 }
