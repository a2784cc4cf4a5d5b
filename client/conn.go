package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connect makes a client of our own from the settings of another: with time limits that hold, and without retries. go-redis would send
// an XADD again after a lost reply, and we could not say how often.
func connect(rdb redis.UniversalClient, timeout time.Duration) redis.UniversalClient {
	switch rdb := rdb.(type) {
	case *redis.Client:
		o := *rdb.Options()
		o.MaxRetries, o.ContextTimeoutEnabled, o.DialerRetries = -1, true, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.MinIdleConns, o.MaxActiveConns, o.ClientSideCache, o.ClientSideCacheConfig = 0, 0, nil, nil
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClient(&o)
	case *redis.ClusterClient:
		o := *rdb.Options()
		o.MaxRetries, o.MaxRedirects, o.ContextTimeoutEnabled, o.DialerRetries = -1, -1, true, 1
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.MinIdleConns, o.MaxActiveConns = 0, 0
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClusterClient(&o)
	}
	panic(fmt.Sprintf("client: want a *redis.Client or *redis.ClusterClient, not a %T: another type may send commands twice", rdb))
}

// again reports whether a command may succeed when it is sent again: connections break and servers change roles.
func again(err error) bool {
	reply, isReply := errors.AsType[redis.Error](err)
	if !isReply {
		return !errors.Is(err, redis.ErrClosed)
	}
	word, _, _ := strings.Cut(reply.Error(), " ")
	switch word {
	case "LOADING", "READONLY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "OOM", "BUSY", "NOREPLICAS", "MISCONF", "MOVED", "ASK":
		return true
	}
	return strings.HasPrefix(reply.Error(), "ERR max number of clients")
}

// mayHaveArrived reports whether a command that failed so may have been executed.
func mayHaveArrived(err error) bool {
	if _, isReply := errors.AsType[redis.Error](err); isReply {
		return false
	}
	dial, isNet := errors.AsType[*net.OpError](err)
	return !isNet || dial.Op != "dial"
}

// The pauses between attempts grow from the first to the last.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// pause waits before the next attempt; not ok: ctx ended.
func pause(ctx context.Context, attempt int) bool {
	d := min(firstPause<<min(attempt, 10), lastPause)
	timer := time.NewTimer(d/2 + rand.N(d/2)) //nolint:gosec // it spreads clients, and is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// call sends one command with a time limit of its own, and returns when ctx ends: go-redis itself does not notice a context that is
// canceled while it waits for a reply.
func call[T any](ctx context.Context, c *Client, command func(context.Context) (T, error)) (T, error) {
	type reply struct {
		value T
		err   error
	}
	limited, cancel := context.WithTimeout(ctx, c.opts.CommandTimeout)
	replies := make(chan reply, 1)
	started := c.start(func(context.Context) {
		defer cancel()
		value, err := command(limited)
		replies <- reply{value, err}
	})
	if !started {
		cancel()
		return reply{}.value, ErrClosed
	}
	select {
	case r := <-replies:
		return r.value, r.err
	case <-limited.Done():
		return reply{}.value, limited.Err()
	}
}

// retry calls until it succeeds, cannot succeed, or ctx ends.
func retry[T any](ctx context.Context, c *Client, command func(context.Context) (T, error)) (T, error) {
	for attempt := 0; ; attempt++ {
		value, err := call(ctx, c, command)
		if err == nil || !again(err) || errors.Is(err, ErrClosed) {
			return value, err
		}
		if ctx.Err() != nil || !pause(ctx, attempt) {
			return value, fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
