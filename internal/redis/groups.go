package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// LastGeneratedID queues the lookup of the highest ID that a stream ever had; the zero ID when there is none, or no
// stream. Packages stream and records compare it with the last accepted ID: a lower one means that the stream was
// replaced. The end of XINFO STREAM's reply has the first and the last entry, so only the beginning is kept.
func LastGeneratedID(ctx context.Context, p goredis.Pipeliner, stream string) func() (event.ID, error) {
	var reply PrefixWriter
	cmd := goredis.NewRawWriteToCmd(ctx, &reply, "XINFO", "STREAM", stream)
	_ = p.Process(ctx, cmd)
	return func() (event.ID, error) {
		err := cmd.Err()
		if err == nil {
			err = reply.Err()
		}
		if IsMissing(err) {
			return event.ID{}, nil
		}
		if err != nil {
			return event.ID{}, err
		}
		value := reply.bulk("last-generated-id")
		if value == "" { // miniredis' answer for a stream that never had an entry
			return event.ID{}, nil
		}
		return event.ParseID(value)
	}
}

// FindGroup returns one consumer group of a stream's XINFO GROUPS, for all subpackages; false: there is none, or no
// stream.
func FindGroup(cmd *goredis.XInfoGroupsCmd, name string) (goredis.XInfoGroup, bool, error) {
	groups, err := cmd.Result()
	if IsMissing(err) {
		err = nil
	}
	for _, g := range groups {
		if g.Name == name {
			return g, true, nil
		}
	}
	return goredis.XInfoGroup{}, false, err
}

// GroupStart is where XGROUP CREATE and SETID put a group whose last accepted entry is known: packages stream and records
// create groups. It is never `$`, which would skip what was sent before.
func GroupStart(lastAccepted event.ID) string {
	if lastAccepted.IsZero() {
		return "0"
	}
	return lastAccepted.String()
}

// ParseGroupPosition reads a group's last-delivered-id, for all subpackages. miniredis repeats the bare `0` of XGROUP
// CREATE; Redis itself always writes both parts.
func ParseGroupPosition(id string) (event.ID, error) {
	if id == "0" {
		return event.ID{}, nil
	}
	return event.ParseID(id)
}
