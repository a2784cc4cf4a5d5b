package statusgroup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

const (
	block      = 2 * time.Second  // of one blocking read
	claimEvery = 15 * time.Second // how often entries of dead consumers are looked for
	forgetIdle = time.Hour        // after which a consumer without entries is deleted
)

// Options of a Group.
type Options struct {
	Stream     string // the source stream, whose status stream is read
	Group      string
	Consumer   string        // of this replica, no other may have it
	From       string        // where a new group begins; empty: `$`, with what is written from now on
	Count      int64         // the most entries that Read returns
	ClaimAfter time.Duration // how long a replica may be silent over an entry before another one claims it
	Logger     *slog.Logger
}

// Group is one consumer of the group. It is used by one goroutine, with a Client of its own, since its reads block.
type Group struct {
	client  *redis.Client
	key     string
	opts    Options
	last    string    // the newest entry that was read; empty: none yet
	cursor  string    // where the search for entries of dead consumers goes on
	claimed time.Time // when it last ended
	pending bool      // entries were read and not acknowledged, by this process or the one before it
}

// New contacts nothing yet.
func New(client *redis.Client, o Options) *Group {
	return &Group{client: client, key: redis.NewKeys(o.Stream).Status(), opts: o, cursor: "0-0", pending: true}
}

// Read returns entries to be handled and then acknowledged: first those that were not acknowledged after the last Read, then those of
// dead consumers, then new ones, for which it waits up to two seconds; none is no error. An entry without fields was trimmed before it
// was handled.
func (g *Group) Read(ctx context.Context) ([]inspect.StatusEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, block+redis.ReplyTimeout)
	defer cancel()
	entries, err := g.read(ctx)
	if redis.Replied(err, "NOGROUP") || redis.Replied(err, "UNBLOCKED") {
		return nil, g.create(ctx)
	}
	g.pending = g.pending || len(entries) > 0
	return entries, g.client.Wrap("reading the status stream as group "+g.opts.Group, err)
}

func (g *Group) read(ctx context.Context) ([]inspect.StatusEntry, error) {
	if g.pending {
		entries, err := g.readFrom(ctx, "0", -1) // its own: Redis counts their idle time anew
		if g.pending = err != nil; err != nil || len(entries) > 0 {
			return entries, err
		}
	}
	if time.Since(g.claimed) >= claimEvery {
		if entries, err := g.claim(ctx); err != nil || len(entries) > 0 {
			return entries, err
		}
	}
	return g.readFrom(ctx, ">", block)
}

// readFrom reads new entries (`>`) or the consumer's own pending ones (`0`).
func (g *Group) readFrom(ctx context.Context, from string, block time.Duration) ([]inspect.StatusEntry, error) {
	streams, err := g.client.Reads().XReadGroup(ctx, &goredis.XReadGroupArgs{
		Group: g.opts.Group, Consumer: g.opts.Consumer, Streams: []string{g.key, from}, Count: g.opts.Count, Block: block,
	}).Result()
	if errors.Is(err, goredis.Nil) || err == nil && len(streams) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	messages := streams[0].Messages
	if from == ">" && len(messages) > 0 {
		g.last = messages[len(messages)-1].ID
	}
	return toEntries(messages), nil
}

// claim takes over what consumers that died have not acknowledged, and deletes those that have nothing any more.
func (g *Group) claim(ctx context.Context) ([]inspect.StatusEntry, error) {
	messages, next, err := g.client.Reads().XAutoClaim(ctx, &goredis.XAutoClaimArgs{
		Stream: g.key, Group: g.opts.Group, Consumer: g.opts.Consumer, MinIdle: g.opts.ClaimAfter, Start: g.cursor, Count: g.opts.Count,
	}).Result()
	if err != nil {
		return nil, err
	}
	if g.cursor = next; next == "0-0" {
		g.claimed = time.Now()
		if err := g.forget(ctx); err != nil {
			return nil, err
		}
	}
	if len(messages) > 0 {
		g.opts.Logger.Info("status entries of another consumer claimed", "group", g.opts.Group, "entries", len(messages))
	}
	return toEntries(messages), nil
}

// forget deletes consumers that have been silent for an hour and have no entries: each restart of a replica has left one.
func (g *Group) forget(ctx context.Context) error {
	consumers, err := g.client.Reads().XInfoConsumers(ctx, g.key, g.opts.Group).Result()
	if err != nil {
		return err
	}
	for _, c := range consumers {
		if c.Name != g.opts.Consumer && c.Pending == 0 && c.Idle >= forgetIdle {
			if err := g.client.Reads().XGroupDelConsumer(ctx, g.key, g.opts.Group, c.Name).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// create makes the group, and the status stream if the Main Pod has not written to it yet: without it `$` would skip its first
// entries. A group that vanished goes on after what was read last.
func (g *Group) create(ctx context.Context) error {
	from := "$"
	switch {
	case g.last != "":
		from = g.last
	case g.opts.From != "":
		from = g.opts.From
	}
	err := g.client.Reads().XGroupCreateMkStream(ctx, g.key, g.opts.Group, from).Err()
	if redis.Replied(err, "BUSYGROUP") {
		return nil
	}
	if err == nil {
		g.opts.Logger.Info("consumer group created", "stream", g.key, "group", g.opts.Group, "start", from)
	}
	return g.client.Wrap("creating group "+g.opts.Group+" on "+g.key, err)
}

// Ack says that all entries of the last Read are handled.
func (g *Group) Ack(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	err := g.client.Commands().XAck(ctx, g.key, g.opts.Group, ids...).Err()
	g.pending = err != nil
	return g.client.Wrap("acknowledging status entries", err)
}

// Leave deletes the consumer, if everything it read is acknowledged; else its entries stay, and another one claims them.
func (g *Group) Leave(ctx context.Context) error {
	own, err := g.client.Commands().XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: g.key, Group: g.opts.Group, Consumer: g.opts.Consumer, Start: "-", End: "+", Count: 1,
	}).Result()
	if err == nil && len(own) == 0 {
		err = g.client.Commands().XGroupDelConsumer(ctx, g.key, g.opts.Group, g.opts.Consumer).Err()
	}
	if redis.Replied(err, "NOGROUP") {
		return nil
	}
	return g.client.Wrap("leaving group "+g.opts.Group, err)
}

func toEntries(messages []goredis.XMessage) []inspect.StatusEntry {
	entries := make([]inspect.StatusEntry, 0, len(messages))
	for _, m := range messages {
		fields := make(map[string]string, len(m.Values))
		for name, v := range m.Values {
			fields[name], _ = v.(string) // Redis has no other type here
		}
		entries = append(entries, inspect.StatusEntry{ID: m.ID, Fields: fields})
	}
	return entries
}
