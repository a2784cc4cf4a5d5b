package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

const (
	checkLimit = 10 * time.Second // of either neighbour
	pendingFor = time.Hour        // that is long
)

func (t *tools) checkRedis(ctx context.Context, pre bool) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r := t.cfg.Redis
	us := redis.Owner{Namespace: t.namespace(), Instance: t.cfg.Workers.Instance}
	in, err := t.redis.Inspect(ctx, r.Stream, r.ConsumerGroup, us)
	if err != nil {
		return []finding{bad("redis", trouble.Redis, "%v", err)}
	}
	stats, err := t.redis.Stats(ctx, r.Stream, r.ConsumerGroup)
	if err != nil {
		return []finding{bad("redis", trouble.Redis, "%v", err)}
	}
	return judgeRedis(r, in, stats, pre, time.Now())
}

// judgeRedis decides what was found means. What Redis, or its ACL, does not tell is no failure.
func judgeRedis(r config.Redis, in redis.Inspection, stats redis.Stats, pre bool, now time.Time) []finding {
	all := []finding{
		good("redis", "%s answers", place(r)), judgeVersion(in), judgeTLS(r), judgeRole(in), judgeDisk(in), judgeEviction(in),
		judgeACL(in), judgeOwner(in),
	}
	if pre {
		return all
	}
	if !in.Grouped {
		return append(all, bad("group", trouble.NoGroup, "there is no consumer group %q", r.ConsumerGroup))
	}
	all = append(all, good("group", "%q reads %q: %d pending, %d not read yet", r.ConsumerGroup, r.Stream, stats.Pending, max(0, stats.Lag)))
	if stats.Pending == 0 {
		return all
	}
	age := now.Sub(stats.Oldest.Time())
	if age > pendingFor {
		return append(all, bad("pending", trouble.Stuck, "event %s, for %v", stats.Oldest, age.Round(time.Minute)))
	}
	return append(all, good("pending", "the oldest entry is pending for %v", age.Round(time.Second)))
}

func place(r config.Redis) string {
	if r.SentinelMaster != "" {
		return fmt.Sprintf("the master %q", r.SentinelMaster)
	}
	return fmt.Sprintf("%s:%d", r.Host, r.Port)
}

func judgeVersion(in redis.Inspection) finding {
	switch {
	case redis.OldVersion(in.Version):
		return bad("version", trouble.OldRedis, "%s", in.Version)
	case in.Version == "":
		return good("version", "not told: the ACL forbids INFO")
	}
	return good("version", "%s", in.Version)
}

func judgeTLS(r config.Redis) finding {
	if r.TLS {
		return good("tls", "on, and verified")
	}
	return good("tls", "off: what is sent can be read on the way")
}

func judgeRole(in redis.Inspection) finding {
	if in.Role == "slave" {
		return bad("role", trouble.Replica, "it takes no writes")
	}
	return good("role", "%s", known(in.Role))
}

func judgeDisk(in redis.Inspection) finding {
	switch in.AOF {
	case "0":
		return bad("persistence", trouble.NoDisk, "appendonly is off")
	case "1":
		return good("persistence", "there is an append-only file")
	}
	return good("persistence", "not told")
}

func judgeEviction(in redis.Inspection) finding {
	if in.Eviction != "" && in.Eviction != "noeviction" {
		return bad("eviction", trouble.Evicts, "maxmemory-policy is %s", in.Eviction)
	}
	return good("eviction", "%s", known(in.Eviction))
}

func judgeACL(in redis.Inspection) finding {
	switch {
	case len(in.Denied) > 0:
		return bad("acl", trouble.Denied, "%s may not %s", in.User, strings.Join(in.Denied, ", "))
	case !in.Asked:
		return good("acl", "not told: it may not be asked")
	}
	return good("acl", "%s may send every command that is needed", in.User)
}

func judgeOwner(in redis.Inspection) finding {
	switch {
	case in.Owner == "":
		return good("owner", "nobody's yet")
	case !in.Ours:
		return bad("owner", trouble.Foreign, "it belongs to %s", in.Owner)
	}
	return good("owner", "ours")
}

func known(s string) string {
	if s == "" {
		return "not told"
	}
	return s
}
