package checker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// entry is one entry of any stream.
type entry struct {
	ID     id
	Fields map[string]string
}

// endState is what Redis holds after the run.
type endState struct {
	Stream  []entry
	Status  []entry
	Dead    []entry
	Open    []string
	Pending []string          // IDs delivered and not acknowledged
	Unread  []string          // IDs never delivered to the group
	Victims map[string]string // the record's field `victims`, by event
	Paused  []string          // queues
}

func readEndState(ctx context.Context, in *Input) (*endState, error) {
	options := *in.Redis
	options.Protocol, options.DisableIdentity = 2, true
	client := redis.NewClient(&options)
	defer func() { _ = client.Close() }()
	s := &endState{Victims: make(map[string]string)}
	for _, step := range []func(context.Context, *redis.Client, *Input) error{s.readStreams, s.readGroup, s.readRecords} {
		if err := step(ctx, client, in); err != nil {
			return nil, fmt.Errorf("reading the end state from Redis: %w", err)
		}
	}
	return s, nil
}

func (s *endState) readStreams(ctx context.Context, client *redis.Client, in *Input) error {
	var errs [3]error
	s.Stream, errs[0] = readStream(ctx, client, in.Stream)
	s.Status, errs[1] = readStream(ctx, client, in.key("status"))
	s.Dead, errs[2] = readStream(ctx, client, in.key("dead"))
	return errors.Join(errs[:]...)
}

const page = 500

func readStream(ctx context.Context, client *redis.Client, key string) ([]entry, error) {
	var out []entry
	from := "-"
	for {
		messages, err := client.XRangeN(ctx, key, from, "+", page).Result()
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			out = append(out, newEntry(m))
		}
		if len(messages) < page {
			return out, nil
		}
		from = "(" + messages[len(messages)-1].ID
	}
}

func newEntry(m redis.XMessage) entry {
	e := entry{Fields: make(map[string]string, len(m.Values))}
	e.ID, _ = parseID(m.ID)
	for k, v := range m.Values {
		e.Fields[k] = fmt.Sprint(v)
	}
	return e
}

func (s *endState) readGroup(ctx context.Context, client *redis.Client, in *Input) (err error) {
	if s.Open, err = client.SMembers(ctx, in.key("open")).Result(); err != nil {
		return err
	}
	if s.Paused, err = client.HKeys(ctx, in.key("pause")).Result(); err != nil {
		return err
	}
	groups, err := client.XInfoGroups(ctx, in.Stream).Result()
	if err != nil && strings.Contains(err.Error(), "no such key") {
		return nil
	}
	if err != nil {
		return err
	}
	var last id
	for _, g := range groups {
		if g.Name == in.Group {
			last, _ = parseID(g.LastDeliveredID)
		}
	}
	for _, en := range s.Stream {
		if en.ID.compare(last) > 0 {
			s.Unread = append(s.Unread, en.ID.String())
		}
	}
	if last == (id{}) {
		return nil // no group, or one that read nothing
	}
	pending, err := client.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: in.Stream, Group: in.Group, Start: "-", End: "+", Count: 1000,
	}).Result()
	for _, p := range pending {
		s.Pending = append(s.Pending, p.ID)
	}
	return err
}

// readRecords reads the victims of each scale_down.
func (s *endState) readRecords(ctx context.Context, client *redis.Client, in *Input) error {
	for _, en := range s.Stream {
		if en.Fields["type"] != "scale_down" {
			continue
		}
		value, err := client.HGet(ctx, in.key("event:"+en.ID.String()), "victims").Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if err == nil {
			s.Victims[en.ID.String()] = value
		}
	}
	return nil
}
