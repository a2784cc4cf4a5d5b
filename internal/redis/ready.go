package redis

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	readyPause   = 200 * time.Millisecond
	readyAttempt = 4 * time.Second
	minVersion   = 7 // XAUTOCLAIM's deleted entries, and the group semantics this package was tested with
)

// Ready waits until Redis answers, at most until ctx ends, and then says in one sentence what is wrong. What waiting
// cannot mend (a wrong password, a certificate, an old version) it says at once.
func (c *Client) Ready(ctx context.Context) error {
	var last error
	for {
		err := c.probe(ctx)
		if err == nil {
			return nil
		}
		// When the caller's time is up in the middle of an attempt, the attempt before tells more.
		if last == nil || ctx.Err() == nil {
			last = err
		}
		if hopeless(err) || !pause(ctx, readyPause) {
			return c.wrap("", last)
		}
	}
}

// Ping asks once whether Redis answers us. The error is one sentence for people.
func (c *Client) Ping(ctx context.Context) error { return c.wrap("", c.commands.Ping(ctx).Err()) }

func (c *Client) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyAttempt)
	defer cancel()
	if err := c.commands.Ping(ctx).Err(); err != nil {
		return err
	}
	info, err := c.commands.Info(ctx, "server").Result()
	if isReply(err) {
		return nil // an ACL may forbid INFO; what is missing then shows where it is used
	}
	if err != nil {
		return err
	}
	return checkVersion(info)
}

func checkVersion(info string) error {
	_, rest, found := strings.Cut(info, "redis_version:")
	version, _, _ := strings.Cut(rest, "\r\n")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if found && err == nil && n < minVersion {
		return versionError(version)
	}
	return nil
}

// pause reports whether the time was spent; false: ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// isReply reports whether Redis itself said so: the connection is sound.
func isReply(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && !errors.Is(err, goredis.Nil)
}
