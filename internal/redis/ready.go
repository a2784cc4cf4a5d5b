package redis

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	readyPause   = 200 * time.Millisecond
	readyAttempt = 4 * time.Second
	minVersion   = 7 // the oldest with the consumer group semantics that package stream needs
)

// Ready waits until Redis answers, at most until ctx ends; its error says in one sentence what is wrong. What waiting
// cannot fix (a wrong password, a certificate, an old version) is returned at once. The composition root calls it at the
// start.
func (c *Client) Ready(ctx context.Context) error {
	var last error
	for {
		err := c.probe(ctx)
		if err == nil {
			return nil
		}
		// An attempt that the caller's deadline cut short says less than the one before.
		if last == nil || !isOver(ctx) {
			last = err
		}
		if permanent(err) || !retry.Sleep(ctx, readyPause) {
			return c.Wrap("", last)
		}
	}
}

// Ping asks once whether Redis answers; its error is one sentence for people. Health checks and commands call it.
func (c *Client) Ping(ctx context.Context) error { return c.Wrap("", c.commands.Ping(ctx).Err()) }

// isOver reports whether ctx has ended: a connection may notice the deadline a moment before ctx does.
func isOver(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !time.Now().Before(end)
}

func (c *Client) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyAttempt)
	defer cancel()
	if err := c.commands.Ping(ctx).Err(); err != nil {
		return err
	}
	info, err := c.commands.Info(ctx, "server").Result()
	if IsReply(err) {
		return nil // an ACL may forbid INFO; a missing feature then fails where it is used
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

// OldVersion reports whether a version is older than the oldest supported one. `check` calls it with what INFO says; an
// empty version is not old.
func OldVersion(version string) bool {
	return version != "" && checkVersion("redis_version:"+version+"\r\n") != nil
}
