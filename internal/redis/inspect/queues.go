package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Bounds of what is read back: the leader writes it, but anybody with the right to its keys may have.
const (
	maxQueues    = 20_000
	maxQueueName = 63       // bytes
	maxQueueView = 64 << 10 // bytes, encoded
	maxLanes     = 64
	maxLimitText = 1 << 10 // bytes
	maxNameText  = 256     // bytes
)

// Paused returns what is paused: worker.AllQueues, or a queue.
func (r *Reader) Paused(ctx context.Context) (map[string]worker.Paused, error) {
	fields, err := r.client.Commands().HGetAll(ctx, r.keys.Pause()).Result()
	if err != nil {
		return nil, r.client.Wrap("reading what is paused", err)
	}
	return control.DecodePaused(fields), nil
}

// boundedNames are the names that a queue can have, sorted.
func boundedNames(fields map[string]string) []string {
	names := slices.Sorted(maps.Keys(fields))
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || len(name) > maxQueueName })
	return names[:min(len(names), maxQueues)]
}

// Queues returns how the queues stood when the leader last published it, up to ten seconds ago, sorted by name. What cannot
// be read is left out.
func (r *Reader) Queues(ctx context.Context) ([]worker.QueueView, error) {
	fields, err := r.client.Commands().HGetAll(ctx, r.keys.Queues()).Result()
	if err != nil {
		return nil, r.client.Wrap("reading the queues", err)
	}
	var all []worker.QueueView
	for _, name := range boundedNames(fields) {
		if v, err := decodeQueueView(name, fields[name]); err == nil {
			all = append(all, v)
		}
	}
	return all, nil
}

func decodeQueueView(name, value string) (v worker.QueueView, err error) {
	if len(value) > maxQueueView {
		return v, fmt.Errorf("queue %s: %d bytes", name, len(value))
	}
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return v, err
	}
	v.Name, v.Limit = name, text.Line(v.Limit, maxLimitText)
	v.Weight, v.MaxWorkers, v.Waiting, v.Live = max(1, v.Weight), max(0, v.MaxWorkers), max(0, v.Waiting), max(0, v.Live)
	if v.Paused != nil {
		*v.Paused = control.CleanPaused(*v.Paused)
	}
	v.Lanes = v.Lanes[:min(len(v.Lanes), maxLanes)]
	for i := range v.Lanes {
		l := &v.Lanes[i]
		l.Message = text.Line(l.Message, maxLimitText)
		for _, field := range []*string{&l.Template, &l.Shape, &l.State, &l.Cause} {
			*field = text.Line(*field, maxNameText)
		}
	}
	return v, nil
}

// RefusedAt returns when the API server first refused a Pod of the event; zero: it never did, or that is not known to this
// user of Redis.
func (r *Reader) RefusedAt(ctx context.Context, id event.ID) (time.Time, error) {
	value, err := r.client.Commands().HGet(ctx, r.keys.Refused(), id.String()).Result()
	if errors.Is(err, goredis.Nil) || redis.Replied(err, "NOPERM") {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, r.client.Wrap("reading when the event was refused", err)
	}
	return refusedAt(value), nil
}

// refusedAt is zero for what is no time of the past.
func refusedAt(value string) time.Time {
	ms, err := strconv.ParseInt(value, 10, 64)
	if err != nil || ms <= 0 || ms > time.Now().Add(24*time.Hour).UnixMilli() {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
