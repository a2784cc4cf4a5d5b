package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

const (
	checkTimeout = 10 * time.Second // for Redis, and for Kubernetes
	pendingLimit = time.Hour        // an older pending entry is a failure
	unknown      = "unknown"        // not readable, mostly because the ACL denies it
)

func (d *deps) checkRedis(ctx context.Context, pre bool) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	r := d.cfg.Redis
	self := records.Owner{Namespace: d.namespace(), Instance: d.cfg.Workers.Instance}
	in, err := inspect.Inspect(ctx, d.redis, r.Stream, r.ConsumerGroup, self)
	if err != nil {
		return []finding{failed("redis", errcode.Redis, "%v", err)}
	}
	stats, err := inspect.ReadStats(ctx, d.redis, r.Stream, r.ConsumerGroup)
	if err != nil {
		return []finding{failed("redis", errcode.Redis, "%v", err)}
	}
	return redisFindings(r, in, stats, pre, time.Now())
}

// redisFindings is pure. A value that the ACL denies to read is no failure.
func redisFindings(r config.Redis, in inspect.Inspection, stats inspect.Stats, pre bool, now time.Time) []finding {
	all := []finding{
		passed("redis", "%s answers", redisAddress(r)), versionFinding(in), tlsFinding(r), roleFinding(in), persistenceFinding(in),
		evictionFinding(in), aclFinding(in), ownerFinding(in),
	}
	if pre {
		return all
	}
	if !in.Grouped {
		return append(all, failed("group", errcode.GroupMissing, "%q", r.ConsumerGroup))
	}
	all = append(all, passed("group", "%q reads %q: %d pending, %d not read yet", r.ConsumerGroup, r.Stream, stats.Pending, max(0, stats.Lag)))
	if stats.Pending == 0 {
		return all
	}
	age := now.Sub(stats.Oldest.Time())
	if age > pendingLimit {
		return append(all, failed("pending", errcode.PendingTooLong, "event %s, for %v", stats.Oldest, age.Round(time.Minute)))
	}
	return append(all, passed("pending", "oldest entry pending for %v", age.Round(time.Second)))
}

func redisAddress(r config.Redis) string {
	if r.SentinelMaster != "" {
		return fmt.Sprintf("master %q", r.SentinelMaster)
	}
	return fmt.Sprintf("%s:%d", r.Host, r.Port)
}

func versionFinding(in inspect.Inspection) finding {
	switch {
	case redis.OldVersion(in.Version):
		return failed("version", errcode.RedisTooOld, "%s", in.Version)
	case in.Version == "":
		return passed("version", "unknown: the ACL denies INFO")
	}
	return passed("version", "%s", in.Version)
}

func tlsFinding(r config.Redis) finding {
	if r.TLS {
		return passed("tls", "on, certificates are verified")
	}
	return passed("tls", "off: traffic is not encrypted")
}

func roleFinding(in inspect.Inspection) finding {
	if in.Role == "slave" {
		return failed("role", errcode.RedisReplica, "it accepts no writes")
	}
	return passed("role", "%s", cmp.Or(in.Role, unknown))
}

func persistenceFinding(in inspect.Inspection) finding {
	switch in.AOF {
	case "0":
		return failed("persistence", errcode.RedisNotPersistent, "appendonly is off")
	case "1":
		return passed("persistence", "appendonly is on")
	}
	return passed("persistence", unknown)
}

func evictionFinding(in inspect.Inspection) finding {
	if in.Eviction != "" && in.Eviction != "noeviction" {
		return failed("eviction", errcode.RedisEvicts, "maxmemory-policy is %s", in.Eviction)
	}
	return passed("eviction", "%s", cmp.Or(in.Eviction, unknown))
}

func aclFinding(in inspect.Inspection) finding {
	switch {
	case len(in.Denied) > 0:
		return failed("acl", errcode.RedisDenied, "user %s lacks %s", in.User, strings.Join(in.Denied, ", "))
	case !in.Asked:
		return passed("acl", "unknown: the ACL denies ACL DRYRUN")
	}
	return passed("acl", "user %s has every required command", in.User)
}

func ownerFinding(in inspect.Inspection) finding {
	switch {
	case in.Owner == "":
		return passed("owner", "none yet")
	case !in.Ours:
		return failed("owner", errcode.StreamTaken, "owner is %s", in.Owner)
	}
	return passed("owner", "ours")
}
