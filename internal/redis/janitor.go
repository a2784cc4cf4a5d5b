package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// JanitorOptions say what a Janitor trims, and when.
type JanitorOptions struct {
	Retention time.Duration // how long an entry stays in the stream at least; 0: for ever
	Every     time.Duration // the time between two passes
}

// Janitor trims the stream of what nobody needs any more. Never by length: that would take entries which nobody has
// seen yet.
type Janitor struct {
	journal   *Journal
	opts      JanitorOptions
	abandoned map[string]bool // the groups of which that was said
}

// NewJanitor returns a Janitor of the Journal's stream, which trims in the Journal's terms and in no other. It has not
// touched Redis yet.
func NewJanitor(j *Journal, o JanitorOptions) *Janitor {
	return &Janitor{journal: j, opts: o, abandoned: make(map[string]bool)}
}

// Run trims now and then until ctx is done, and then returns nil. What goes wrong is logged; the next pass may do better.
func (j *Janitor) Run(ctx context.Context) error {
	if j.opts.Retention <= 0 {
		<-ctx.Done()
		return nil
	}
	for pause(ctx, j.opts.Every) {
		err := j.pass(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNoTerm) {
			j.journal.opts.Logger.Warn("the stream was not trimmed", "stream", j.journal.keys.Stream, "error", err)
		}
	}
	return nil
}

// pass trims once. Between the look and the trim nothing can come to need an entry that nobody needed: groups only move
// on, and when a term sets ours back, the fence says so.
func (j *Janitor) pass(ctx context.Context) error {
	client, stream := j.journal.client, j.journal.keys.Stream
	before, err := j.unneeded(ctx)
	if err != nil || before.IsZero() {
		return client.wrap("looking for what to trim in "+stream, err)
	}
	var trimmed *goredis.IntCmd
	err = j.journal.fence.exec(ctx, func(p goredis.Pipeliner) error {
		trimmed = p.XTrimMinID(ctx, stream, before.String())
		return nil
	})
	if err != nil {
		return client.wrap("trimming "+stream, err)
	}
	if n := trimmed.Val(); n > 0 {
		j.journal.opts.Logger.Info("stream trimmed", "stream", stream, "entries", n, "before", before.String())
	}
	return nil
}

// unneeded returns the ID that all entries nobody needs are below; zero when none is to go. Ages count on Redis' clock,
// which IDs are made with.
func (j *Janitor) unneeded(ctx context.Context) (event.ID, error) {
	now, groups, err := j.look(ctx)
	if err != nil {
		return event.ID{}, err
	}
	old := now.Add(-j.opts.Retention).UnixMilli()
	ours := slices.ContainsFunc(groups, func(g reader) bool { return g.name == j.journal.opts.Group })
	if !ours || old <= 0 {
		return event.ID{}, nil
	}
	before := event.ID{Ms: uint64(old)}
	for _, g := range groups {
		if g.name != j.journal.opts.Group && j.gone(g) {
			continue
		}
		if g.needs.Compare(before) < 0 {
			before = g.needs
		}
	}
	return before, nil
}

// gone reports whether nobody has read for a group within the retention; the first time, the log says so.
func (j *Janitor) gone(g reader) bool {
	gone := !slices.ContainsFunc(g.consumers, func(c goredis.XInfoConsumer) bool { return c.Idle < j.opts.Retention })
	if gone && !j.abandoned[g.name] {
		j.journal.opts.Logger.Warn("a consumer group is abandoned: entries are trimmed although it has not dealt with them",
			"stream", j.journal.keys.Stream, "group", g.name, "unseen_for", j.opts.Retention.String())
	}
	if gone {
		j.abandoned[g.name] = true
	} else {
		delete(j.abandoned, g.name)
	}
	return gone
}

// reader is a consumer group of the stream.
type reader struct {
	name      string
	needs     event.ID // the lowest entry that is pending in it, or may not have been delivered
	consumers []goredis.XInfoConsumer
}

func (j *Janitor) look(ctx context.Context) (now time.Time, readers []reader, err error) {
	stream, commands := j.journal.keys.Stream, j.journal.client.commands
	if now, err = commands.Time(ctx).Result(); err != nil {
		return time.Time{}, nil, err
	}
	groups, err := commands.XInfoGroups(ctx, stream).Result()
	if err != nil && !isMissing(err) {
		return time.Time{}, nil, err
	}
	for _, g := range groups {
		r, err := j.lookAt(ctx, g)
		if err != nil {
			return time.Time{}, nil, err
		}
		readers = append(readers, r)
	}
	return now, readers, nil
}

func (j *Janitor) lookAt(ctx context.Context, g goredis.XInfoGroup) (reader, error) {
	stream := j.journal.keys.Stream
	var consumers *goredis.XInfoConsumersCmd
	var pending *goredis.XPendingCmd
	_, _ = j.journal.client.commands.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		consumers, pending = p.XInfoConsumers(ctx, stream, g.Name), p.XPending(ctx, stream, g.Name)
		return nil
	})
	if err := errors.Join(consumers.Err(), pending.Err()); err != nil {
		return reader{}, err
	}
	delivered, err := parsePlace(g.LastDeliveredID)
	if err != nil {
		return reader{}, err
	}
	r := reader{name: g.Name, needs: next(delivered), consumers: consumers.Val()}
	if summary := pending.Val(); summary.Count > 0 {
		lowest, err := event.ParseID(summary.Lower)
		if err != nil {
			return reader{}, err
		}
		if lowest.Compare(r.needs) < 0 {
			r.needs = lowest
		}
	}
	return r, nil
}
