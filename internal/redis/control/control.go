package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const pageSize = 100 // commands read at once

// Controls read the commands of one stream's operators. It implements worker.Controls.
type Controls struct {
	client *redis.Client
	keys   redis.Keys
	log    *slog.Logger
	passed event.ID // the last invalid command: it is reported once
}

var _ worker.Controls = (*Controls)(nil)

// New sends nothing yet. The composition root makes one for each term.
func New(client *redis.Client, stream string, log *slog.Logger) *Controls {
	return &Controls{client: client, keys: redis.NewKeys(stream), log: log}
}

// Load implements worker.Controls.
func (c *Controls) Load(ctx context.Context) (map[string]worker.Paused, event.ID, error) {
	pipe := c.client.Commands().Pipeline()
	pauses, mark := pipe.HGetAll(ctx, c.keys.Pause()), pipe.Get(ctx, c.keys.ControlMark())
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return nil, event.ID{}, c.client.Wrap("reading what is paused", err)
	}
	applied, err := redis.DecodeID(c.keys.ControlMark(), mark)
	return DecodePaused(pauses.Val()), applied, c.client.Wrap("reading the last command", err)
}

// Read implements worker.Controls.
func (c *Controls) Read(ctx context.Context, after event.ID) ([]worker.Command, error) {
	if c.passed.Compare(after) > 0 { // all before it was returned already
		after = c.passed
	}
	found, err := c.client.Commands().XRangeN(ctx, c.keys.Control(), "("+after.String(), "+", pageSize).Result()
	if err != nil {
		return nil, c.client.Wrap("reading commands", err)
	}
	commands := make([]worker.Command, 0, len(found))
	for _, entry := range found {
		id, err := event.ParseID(entry.ID)
		if err != nil {
			return nil, c.client.Wrap("reading commands", err)
		}
		cmd, err := decode(id, entry)
		if err != nil {
			errcode.Warn(c.log, errcode.CommandInvalid, "command", id.String(), "error", err)
			c.passed = id
			continue
		}
		commands = append(commands, cmd)
	}
	return commands, nil
}

func decode(id event.ID, entry goredis.XMessage) (cmd worker.Command, err error) {
	field := func(name string) string { s, _ := entry.Values[name].(string); return s }
	cmd = worker.Command{
		ID: id, Queue: field("queue"), By: text.Line(field("by"), maxText), Reason: text.Line(field("reason"), maxText),
	}
	if cmd.Queue != worker.AllQueues && !event.ValidQueue(cmd.Queue) {
		return cmd, fmt.Errorf("queue is %q: want a queue's name or %q", text.Ellipsis(cmd.Queue, maxName), worker.AllQueues)
	}
	if cmd.On, err = strconv.ParseBool(field("on")); err != nil {
		return cmd, fmt.Errorf("on is %q: want true or false", text.Ellipsis(field("on"), maxName))
	}
	return cmd, nil
}
