package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// Inspection is what a person should know of a Redis before trusting it with records. A text is empty where Redis does
// not say, or an ACL keeps it from us.
type Inspection struct {
	Version  string
	Role     string // master, slave
	AOF      string // 1: there is an append-only file
	Eviction string // noeviction, or what Redis throws away when its memory is full
	User     string
	Denied   []string // commands that an ACL forbids us; nil where ACL DRYRUN may not be asked
	Asked    bool     // ACL DRYRUN was answered
	Owner    string   // in words; empty: nobody's
	Ours     bool     // the owner is us, whatever its Lease
	Grouped  bool     // our consumer group exists
}

// needed are the commands of `run`, as one call each; K stands for a key of ours.
var needed = []string{
	"PING", "WATCH K", "UNWATCH", "MULTI", "EXEC", "GET K", "SET K v", "DEL K", "PEXPIRE K 1", "HSET K f v", "HGETALL K", "HDEL K f",
	"HINCRBY K f 1", "SADD K m", "SREM K m", "SMEMBERS K", "XADD K * f v", "XRANGE K - +", "XREADGROUP GROUP g c STREAMS K >",
	"XACK K g 1-1", "XPENDING K g", "XCLAIM K g c 0 1-1", "XGROUP CREATE K g 0", "XGROUP SETID K g 0",
	"XINFO STREAM K", "XINFO GROUPS K", "XINFO CONSUMERS K g", "XTRIM K MINID 0", "XLEN K", "EXISTS K", "TIME",
}

// Inspect looks at a Redis and changes nothing. What an ACL forbids to see is left out; an error means that Redis does
// not answer.
func (c *Client) Inspect(ctx context.Context, stream, group string, us Owner) (Inspection, error) {
	var in Inspection
	keys := NewKeys(stream)
	info := c.commands.Info(ctx, "everything")
	if err := info.Err(); err != nil && !isReply(err) {
		return in, c.wrap("", err)
	}
	fields := infoFields(info.Val())
	in.Version, in.Role = fields["redis_version"], fields["role"]
	in.AOF, in.Eviction = fields["aof_enabled"], fields["maxmemory_policy"]
	value, err := c.commands.Get(ctx, keys.Owner()).Result()
	switch {
	case err == nil:
		in.owned(value, group, us)
	case !errors.Is(err, goredis.Nil):
		return in, c.wrap("looking for the stream's owner", err)
	}
	if _, in.Grouped, err = findGroup(c.commands.XInfoGroups(ctx, stream), group); err != nil {
		return in, c.wrap("looking for the consumer group", err)
	}
	in.User, _ = c.commands.Do(ctx, "ACL", "WHOAMI").Text()
	err = c.denied(ctx, &in, keys.Mark())
	return in, c.wrap("asking what the ACL allows", err)
}

func (in *Inspection) owned(value, group string, us Owner) {
	them, err := decodeOwner(value)
	if err != nil {
		in.Owner = "somebody whose name cannot be read"
		return
	}
	in.Owner = them.String()
	in.Ours = them.Group == group && them.Namespace == us.Namespace && them.Instance == us.Instance
}

// denied asks ACL DRYRUN for each command; where that is forbidden, nothing is known.
func (c *Client) denied(ctx context.Context, in *Inspection, key string) error {
	if in.User == "" {
		return nil
	}
	for _, call := range needed {
		args := []any{"ACL", "DRYRUN", in.User}
		for word := range strings.FieldsSeq(call) {
			if word == "K" {
				word = key
			}
			args = append(args, word)
		}
		said, err := c.commands.Do(ctx, args...).Text()
		if isReply(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if in.Asked = true; said != "OK" {
			name, _, _ := strings.Cut(call, " K")
			in.Denied = append(in.Denied, name)
		}
	}
	return nil
}

func infoFields(info string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// OldVersion reports whether a version is too old for us.
func OldVersion(version string) bool {
	return version != "" && checkVersion(fmt.Sprintf("redis_version:%s\r\n", version)) != nil
}
