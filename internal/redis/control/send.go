// Package control carries the commands of operators: a stream that producers have no right to.
package control

import (
	"context"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxCommands bounds the stream, about. The leader applies commands within a second; older ones are history.
const maxCommands = 1000

// Send sends a command of an operator and returns its ID; the ID and time in cmd are not sent. After an error it may have been
// sent: sending it again is harmless. The command line calls it.
func Send(ctx context.Context, client *redis.Client, stream string, cmd worker.Command) (event.ID, error) {
	id, err := client.Commands().XAdd(ctx, &goredis.XAddArgs{
		Stream: redis.NewKeys(stream).Control(), MaxLen: maxCommands, Approx: true,
		Values: []string{"queue", cmd.Queue, "on", strconv.FormatBool(cmd.On), "by", cmd.By, "reason", cmd.Reason},
	}).Result()
	if err != nil {
		return event.ID{}, client.Wrap("sending a command", err)
	}
	return event.ParseID(id)
}
