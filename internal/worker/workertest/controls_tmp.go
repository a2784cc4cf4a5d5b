package workertest

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

type controls struct{}

func (r *Redis) Controls() worker.Controls { return controls{} }

func (controls) Load(context.Context) (map[string]worker.Paused, event.ID, error) {
	return nil, event.ID{}, nil
}
func (controls) Read(context.Context, event.ID) ([]worker.Command, error) { return nil, nil }
