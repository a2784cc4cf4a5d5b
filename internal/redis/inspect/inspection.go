package inspect

import (
	"context"
	"errors"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

// Inspection is what a person should know of a Redis before trusting it with records. A string is empty where Redis does
// not say, or an ACL forbids asking.
type Inspection struct {
	Version  string
	Role     string // master, slave
	AOF      string // 1: there is an append-only file
	Eviction string // maxmemory-policy: noeviction, or what Redis evicts when its memory is full
	User     string
	Denied   []string // commands that the ACL denies
	Asked    bool     // whether ACL DRYRUN was answered, so that Denied is known
	Owner    string   // of the stream, in words; empty: none
	Ours     bool     // the owner is this installation, whatever its Lease
	Grouped  bool     // the consumer group exists
}

// needed are the commands that `run` sends, as one call each; K stands for a key.
var needed = []string{
	"PING", "WATCH K", "UNWATCH", "MULTI", "EXEC", "GET K", "SET K v", "DEL K", "PEXPIRE K 1", "HSET K f v",
	"HGET K f", "HGETALL K", "HDEL K f",
	"HINCRBY K f 1", "SADD K m", "SREM K m", "SMEMBERS K", "XADD K * f v", "XRANGE K - +", "XREADGROUP GROUP g c STREAMS K >",
	"XACK K g 1-1", "XPENDING K g", "XCLAIM K g c 0 1-1", "XGROUP CREATE K g 0", "XGROUP SETID K g 0",
	"XINFO STREAM K", "XINFO GROUPS K", "XINFO CONSUMERS K g", "XTRIM K MINID 0", "XLEN K", "EXISTS K", "TIME",
}

// Inspect examines a Redis and changes nothing. What an ACL forbids asking is left out; an error means that Redis does
// not answer. us is the installation that asks.
func Inspect(ctx context.Context, client *redis.Client, stream, group string, us records.Owner) (Inspection, error) {
	in, err := Survey(ctx, client, stream, group, us)
	if err != nil {
		return in, err
	}
	commands := client.Commands()
	in.User, _ = commands.Do(ctx, "ACL", "WHOAMI").Text()
	err = in.dryRun(ctx, commands, redis.NewKeys(stream).LastAcceptedID())
	return in, client.Wrap("asking for the ACL's permissions", err)
}

// Survey is Inspect without the questions about the ACL: it is cheap, and may be asked every second.
func Survey(ctx context.Context, client *redis.Client, stream, group string, us records.Owner) (Inspection, error) {
	var in Inspection
	keys, commands := redis.NewKeys(stream), client.Commands()
	info := commands.Info(ctx, "everything")
	if err := info.Err(); err != nil && !redis.IsReply(err) {
		return in, client.Wrap("", err)
	}
	fields := infoFields(info.Val())
	in.Version, in.Role = fields["redis_version"], fields["role"]
	in.AOF, in.Eviction = fields["aof_enabled"], fields["maxmemory_policy"]
	value, err := commands.Get(ctx, keys.Owner()).Result()
	switch {
	case err == nil:
		in.Owner, in.Ours = records.DescribeOwner(value, group, us)
	case !errors.Is(err, goredis.Nil):
		return in, client.Wrap("looking up the stream's owner", err)
	}
	if _, in.Grouped, err = redis.FindGroup(commands.XInfoGroups(ctx, stream), group); err != nil {
		return in, client.Wrap("looking up the consumer group", err)
	}
	return in, nil
}

// dryRun sends ACL DRYRUN for each command; where that is forbidden, nothing is known.
func (in *Inspection) dryRun(ctx context.Context, commands *goredis.Client, key string) error {
	if in.User == "" {
		return nil
	}
	for _, call := range needed {
		answer, err := commands.Do(ctx, dryRunArgs(in.User, call, key)...).Text()
		if redis.IsReply(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if in.Asked = true; answer != "OK" {
			name, _, _ := strings.Cut(call, " K")
			in.Denied = append(in.Denied, name)
		}
	}
	return nil
}

func dryRunArgs(user, call, key string) []any {
	args := []any{"ACL", "DRYRUN", user}
	for word := range strings.FieldsSeq(call) {
		if word == "K" {
			word = key
		}
		args = append(args, word)
	}
	return args
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
