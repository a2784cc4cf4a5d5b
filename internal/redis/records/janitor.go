package records

import (
	"context"
	"errors"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// JanitorOptions say what a Janitor trims, and how often.
type JanitorOptions struct {
	Retention       time.Duration // how long an entry stays in the stream at least; 0: never trimmed
	StatusRetention time.Duration // how long an entry stays in the status stream at most; 0: as long as its length allows
	Every           time.Duration // the time between two passes
}

// Janitor trims entries of the stream that no consumer group needs any more. Never by length: that would remove entries
// before they were read. Of the status stream it trims what is old, read or not.
type Janitor struct {
	journal   *Journal
	opts      JanitorOptions
	abandoned map[string]bool   // the groups that were logged as abandoned
	passed    map[event.ID]bool // the entries with an unreadable record that were logged
}

// NewJanitor returns a Janitor of the Journal's stream that trims in the Journal's terms and in no other. It has not
// contacted Redis yet.
func NewJanitor(j *Journal, o JanitorOptions) *Janitor {
	return &Janitor{journal: j, opts: o, abandoned: make(map[string]bool), passed: make(map[event.ID]bool)}
}

// Run trims once every Every until ctx ends, and then returns nil. A pass that fails is logged; the next one may succeed.
func (j *Janitor) Run(ctx context.Context) error {
	for retry.Sleep(ctx, j.opts.Every) {
		if j.opts.Retention > 0 {
			j.log(ctx, j.journal.keys.Stream, j.pass(ctx))
		}
		if j.opts.StatusRetention > 0 {
			j.log(ctx, j.journal.keys.Status(), j.trimStatus(ctx))
		}
	}
	return nil
}

func (j *Janitor) log(ctx context.Context, stream string, err error) {
	if err != nil && ctx.Err() == nil && !errors.Is(err, errNoTerm) {
		errcode.Warn(j.journal.opts.Logger, errcode.TrimFailed, "stream", stream, "error", err)
	}
}

// trimStatus trims what is older than the status retention, by the clock that generates the IDs.
func (j *Janitor) trimStatus(ctx context.Context) error {
	now, err := j.journal.client.Commands().Time(ctx).Result()
	if err == nil {
		before := event.ID{Ms: uint64(max(0, now.Add(-j.opts.StatusRetention).UnixMilli()))}
		err = j.journal.fence.exec(ctx, func(p goredis.Pipeliner) error {
			p.XTrimMinID(ctx, j.journal.keys.Status(), before.String())
			return nil
		})
	}
	return j.journal.client.Wrap("trimming "+j.journal.keys.Status(), err)
}

// pass trims once. Between the lookup and the trim no group can come to need an entry that none needed: groups only move
// forward, and when a term sets ours back, the fence refuses the trim.
func (j *Janitor) pass(ctx context.Context) error {
	client, stream := j.journal.client, j.journal.keys.Stream
	before, err := j.unneeded(ctx)
	if err != nil || before.IsZero() {
		return client.Wrap("looking up what to trim in "+stream, err)
	}
	var trimmed *goredis.IntCmd
	err = j.journal.fence.exec(ctx, func(p goredis.Pipeliner) error {
		trimmed = p.XTrimMinID(ctx, stream, before.String())
		return nil
	})
	if err != nil {
		return client.Wrap("trimming "+stream, err)
	}
	if n := trimmed.Val(); n > 0 {
		j.journal.opts.Logger.Info("stream trimmed", "stream", stream, "entries", n, "before", before.String())
	}
	return nil
}

// unneeded returns the ID below which no entry is needed; zero when there is nothing to trim. Ages count on Redis' clock,
// which also generates the IDs.
func (j *Janitor) unneeded(ctx context.Context) (event.ID, error) {
	now, groups, err := j.readGroups(ctx)
	if err != nil {
		return event.ID{}, err
	}
	old := now.Add(-j.opts.Retention).UnixMilli()
	ours := slices.ContainsFunc(groups, func(g consumerGroup) bool { return g.name == j.journal.opts.Group })
	if !ours || old <= 0 {
		return event.ID{}, nil
	}
	before := event.ID{Ms: uint64(old)}
	for _, g := range groups {
		needs := g.needs
		switch {
		case g.name == j.journal.opts.Group:
			if needs, err = j.skipUnreadable(ctx, g, before); err != nil {
				return event.ID{}, err
			}
		case j.isAbandoned(g):
			continue
		}
		before = minID(before, needs)
	}
	return before, nil
}

// skipUnreadable returns the lowest entry below before that our group needs, or one from there on. An entry whose record is
// unreadable is never acknowledged as long as nobody repairs the record, so the stream would never be trimmed again. The
// record has what the entry has: the entry may go.
func (j *Janitor) skipUnreadable(ctx context.Context, g consumerGroup, before event.ID) (event.ID, error) {
	undelivered := redis.NextID(g.delivered)
	for from := g.needs; from.Compare(before) < 0; {
		page, err := j.pendingPage(ctx, g.name, from, before)
		if err != nil {
			return event.ID{}, err
		}
		for _, id := range page {
			if unreadable, err := j.isUnreadable(ctx, id); err != nil || !unreadable {
				return minID(id, undelivered), err
			}
			from = redis.NextID(id)
		}
		if len(page) < chunk {
			break
		}
	}
	return undelivered, nil
}

func (j *Janitor) pendingPage(ctx context.Context, group string, from, before event.ID) ([]event.ID, error) {
	page, err := j.journal.client.Commands().XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: j.journal.keys.Stream, Group: group, Start: from.String(), End: "(" + before.String(), Count: chunk,
	}).Result()
	if err != nil {
		return nil, err
	}
	ids := make([]event.ID, len(page))
	for i, p := range page {
		if ids[i], err = event.ParseID(p.ID); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// isUnreadable reports whether an entry's record is unreadable; the first time it is logged.
func (j *Janitor) isUnreadable(ctx context.Context, id event.ID) (bool, error) {
	_, err := j.journal.Find(ctx, id)
	if !errors.Is(err, worker.ErrUnreadable) {
		return false, err
	}
	if !j.passed[id] {
		j.passed[id] = true
		errcode.Warn(j.journal.opts.Logger, errcode.TrimmedUnreadable, "event_id", id.String(), "error", err)
	}
	return true, nil
}

func minID(a, b event.ID) event.ID {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}

// isAbandoned reports whether no consumer of a group has been active within the retention; the first time it is logged.
func (j *Janitor) isAbandoned(g consumerGroup) bool {
	abandoned := !slices.ContainsFunc(g.consumers, func(c goredis.XInfoConsumer) bool { return c.Idle < j.opts.Retention })
	if abandoned && !j.abandoned[g.name] {
		errcode.Warn(j.journal.opts.Logger, errcode.GroupAbandoned,
			"stream", j.journal.keys.Stream, "group", g.name, "unseen_for", j.opts.Retention.String())
	}
	if abandoned {
		j.abandoned[g.name] = true
	} else {
		delete(j.abandoned, g.name)
	}
	return abandoned
}

// consumerGroup is any consumer group of the stream.
type consumerGroup struct {
	name      string
	needs     event.ID // the lowest entry that is pending in it, or may not have been delivered to it
	delivered event.ID // its position
	consumers []goredis.XInfoConsumer
}

func (j *Janitor) readGroups(ctx context.Context) (now time.Time, all []consumerGroup, err error) {
	stream, commands := j.journal.keys.Stream, j.journal.client.Commands()
	if now, err = commands.Time(ctx).Result(); err != nil {
		return time.Time{}, nil, err
	}
	groups, err := commands.XInfoGroups(ctx, stream).Result()
	if err != nil && !redis.IsMissing(err) {
		return time.Time{}, nil, err
	}
	for _, g := range groups {
		group, err := j.readGroup(ctx, g)
		if err != nil {
			return time.Time{}, nil, err
		}
		all = append(all, group)
	}
	return now, all, nil
}

func (j *Janitor) readGroup(ctx context.Context, g goredis.XInfoGroup) (consumerGroup, error) {
	stream := j.journal.keys.Stream
	var consumers *goredis.XInfoConsumersCmd
	var pending *goredis.XPendingCmd
	_, _ = j.journal.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		consumers, pending = p.XInfoConsumers(ctx, stream, g.Name), p.XPending(ctx, stream, g.Name)
		return nil
	})
	if err := errors.Join(consumers.Err(), pending.Err()); err != nil {
		return consumerGroup{}, err
	}
	delivered, err := redis.ParseGroupPosition(g.LastDeliveredID)
	if err != nil {
		return consumerGroup{}, err
	}
	group := consumerGroup{name: g.Name, needs: redis.NextID(delivered), delivered: delivered, consumers: consumers.Val()}
	if summary := pending.Val(); summary.Count > 0 {
		lowest, err := event.ParseID(summary.Lower)
		if err != nil {
			return consumerGroup{}, err
		}
		if lowest.Compare(group.needs) < 0 {
			group.needs = lowest
		}
	}
	return group, nil
}
