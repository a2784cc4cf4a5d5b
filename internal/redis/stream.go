package redis

import (
	"context"
	"errors"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// head is a writer that keeps the beginning and drops the rest. Some replies carry whole entries that nobody asked for,
// and an entry may have many megabytes.
type head struct{ kept []byte }

const headSize = 1 << 10

func (h *head) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), headSize-len(h.kept))]...)
	return len(b), nil
}

// replyError is an error of Redis in a reply that go-redis did not look into.
type replyError string

func (e replyError) Error() string { return string(e) }

// RedisError marks it as go-redis marks its own.
func (replyError) RedisError() {}

// err is the reply's error, if it is one.
func (h *head) err() error {
	if text, failed := strings.CutPrefix(string(h.kept), "-"); failed {
		text, _, _ = strings.Cut(text, "\r\n")
		return replyError(clip(text, 256))
	}
	return nil
}

// bulk is the string that follows a name in a flat reply; empty when it is not there.
func (h *head) bulk(name string) string {
	_, rest, _ := strings.Cut(string(h.kept), name+"\r\n$")
	_, rest, _ = strings.Cut(rest, "\r\n")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// lastID asks for the highest ID that a stream ever had; the zero ID when there is none, or no stream. Of XINFO STREAM
// only the beginning is kept: its end has the first and the last entry.
func lastID(ctx context.Context, p goredis.Pipeliner, stream string) func() (event.ID, error) {
	var reply head
	cmd := goredis.NewRawWriteToCmd(ctx, &reply, "XINFO", "STREAM", stream)
	_ = p.Process(ctx, cmd)
	return func() (event.ID, error) {
		err := cmd.Err()
		if err == nil {
			err = reply.err()
		}
		if isMissing(err) {
			return event.ID{}, nil
		}
		if err != nil {
			return event.ID{}, err
		}
		value := reply.bulk("last-generated-id")
		if value == "" { // as a stand-in for Redis says of a stream that never had an entry
			return event.ID{}, nil
		}
		return event.ParseID(value)
	}
}

// isMissing: the commands that ask about a stream say so when there is none.
func isMissing(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), "ERR no such key")
}

// findGroup looks for one group among those of a stream. No stream has none.
func findGroup(cmd *goredis.XInfoGroupsCmd, name string) (goredis.XInfoGroup, bool, error) {
	groups, err := cmd.Result()
	if isMissing(err) {
		err = nil
	}
	for _, g := range groups {
		if g.Name == name {
			return g, true, nil
		}
	}
	return goredis.XInfoGroup{}, false, err
}
