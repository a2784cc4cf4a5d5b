package worker

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Controls are the commands of operators: a stream that producers have no right to.
type Controls interface {
	// Load returns what earlier commands left in force, and the last one that was applied. Called at the start of a term.
	Load(ctx context.Context) (paused map[string]Paused, applied event.ID, err error)
	// Read returns the commands after that ID in order, at once; none is no error. What is no valid command is left out.
	Read(ctx context.Context, after event.ID) ([]Command, error)
}

// Command pauses or resumes.
type Command struct {
	ID     event.ID
	Queue  string // AllQueues: all
	On     bool   // pause; else resume
	By     string
	Reason string
}
