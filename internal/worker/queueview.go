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
type LaneView = queue.LaneState

// The states of a lane whose Pods do not simply start.
const (
	LaneOpen    = queue.LaneOpen
	LaneRefused = queue.LaneRefused
	LaneQuota   = queue.LaneQuota
)
