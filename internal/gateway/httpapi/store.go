package httpapi

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Store is Redis, as this package needs it.
type Store interface {
	eventStore
	queueStore
	letterStore
	statusStore
}

type eventStore interface {
	// FindAll returns records in the order of the IDs; nil: there is none.
	FindAll(ctx context.Context, ids []event.ID) ([]*records.Kept, error)
	// HistoryWithin returns the status entries of an event, and whether these are all that are kept: at most n entries are read.
	HistoryWithin(ctx context.Context, id event.ID, n int) (history []inspect.StatusEntry, whole bool, err error)
	// Add sends an entry.
	Add(ctx context.Context, fields map[string]string) (event.ID, error)
}

type queueStore interface {
	Queues(ctx context.Context) ([]worker.QueueView, error)
	Paused(ctx context.Context) (map[string]worker.Paused, error)
	// Send sends a command of an operator.
	Send(ctx context.Context, cmd worker.Command) (event.ID, error)
}

type letterStore interface {
	DeadLettersBefore(ctx context.Context, id event.ID, n int) ([]inspect.DeadLetter, error)
	DeadLetter(ctx context.Context, id event.ID) (*inspect.DeadLetter, error)
	Redrive(ctx context.Context, letterID string, change func(fields map[string]string) error) (event.ID, error)
}

type statusStore interface {
	Bounds(ctx context.Context) (inspect.Bounds, error)
	After(ctx context.Context, id event.ID, n int) ([]inspect.StatusEntry, error)
}
