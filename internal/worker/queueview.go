package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// QueueView is how one queue stands, for people and metrics. The leader publishes it; see View.
type QueueView struct {
	Name       string     `json:"name"`
	Weight     int64      `json:"weight"`
	MaxWorkers int        `json:"max_workers,omitempty"` // 0: no cap of its own
	Waiting    int        `json:"waiting"`               // events that have workers to start
	Live       int        `json:"live"`                  // workers that hold a place
	Oldest     time.Time  `json:"oldest,omitzero"`       // when the event was accepted that waits longest
	Paused     *Paused    `json:"paused,omitempty"`      // nil: it is not
	Limit      string     `json:"limit,omitempty"`       // the first limit that keeps its next worker from starting, for people
	Lanes      []LaneView `json:"lanes,omitempty"`       // those whose breaker is not closed, or whose quota is full
}

// Paused is who paused a queue, when and why.
type Paused struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// LaneView is how the Pods of one queue, template and shape fare with the API server.
type LaneView struct {
	Template string    `json:"template"` // empty: the built-in one
	Shape    string    `json:"shape,omitempty"`
	State    string    `json:"state"` // open: one trial at a time; quota: waits for a freed place
	Cause    string    `json:"cause"` // refused, quota, admission, unknown
	Message  string    `json:"message"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next,omitzero"` // the next trial
}

// The states of a lane that is not closed.
const (
	LaneOpen    = "open"
	LaneQuota   = "quota"
	LaneRefused = queue.StateRefused // each of its events was, for itself
)
