package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Handler deals with one status. While it returns an error the status stays pending, and it is called again.
type Handler func(ctx context.Context, s Status) error

// ConsumeOptions are those of Consume. Only Group is required.
type ConsumeOptions struct {
	Group    string // the replicas of one backend share it
	Consumer string // this replica, as no other; default: made from the host's name, new at each call
	// From is where a group that does not exist yet begins: FromNow (the default), FromStart or the ID of a status.
	From string
	// Filter selects what is handled, and the rest is acknowledged unseen; default: outcomes.
	Filter      func(s *Status) bool
	Concurrency int           // handlers at once, each of another event; default: 16
	ClaimAfter  time.Duration // after which entries of a dead replica are taken over; default: 60 s
	// ShutdownTimeout is how long running handlers may go on after ctx ended, before theirs ends too; default: 30 s.
	ShutdownTimeout time.Duration
	// OnGap is called where entries were, or may have been, trimmed before anybody in the group read them.
	OnGap func(Gap)
	// OnError is called when a handler returned an error, with the number of times that the status was handled.
	OnError func(s Status, attempt int, err error)
}

// ErrTakenOver is the cause of a handler's context when another replica has taken its entry over, since this one was thought to be dead.
var ErrTakenOver = errors.New("another replica took the entry over")

// Consume calls the handler for each status that the filter selects, on one of the replicas that share the group. A status is acknowledged
// when the handler returns nil. If it returns an error it is called again after a pause, while other events go on. Statuses of one event
// that reach one replica are handled in their order.
//
// If a replica dies, others take its entries over after ClaimAfter. So a status may be handled twice if a replica dies after its handler
// did its work, or is stopped for longer than ClaimAfter: make the handler's work idempotent, by EventID and Index.
//
// Consume returns nil when ctx has ended and the running handlers have too, and an error if they did not in time, or if Redis forbids the
// group. What was not handled stays pending for the others.
func (c *Client) Consume(ctx context.Context, o ConsumeOptions, handle Handler) error {
	if o.Group == "" {
		return &RequestError{ReasonCode: "invalid_group", Problem: "Group is empty"}
	}
	host, _ := os.Hostname()
	o.Consumer = cmpOr(o.Consumer, fmt.Sprintf("%s-%s", host, newKey()[:8]))
	o.Concurrency = cmpOr(o.Concurrency, 16)
	o.ClaimAfter = cmpOr(o.ClaimAfter, time.Minute)
	o.ShutdownTimeout = cmpOr(o.ShutdownTimeout, 30*time.Second)
	if o.Filter == nil {
		o.Filter = (*Status).IsOutcome
	}
	if !c.consume() {
		return ErrClosed
	}
	defer c.consumers.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.life, func() { cancel(ErrClosed) })()

	g := &group{c: c, o: o, key: c.keys.status(), rdb: connect(c.source, block+c.opts.CommandTimeout)}
	g.pool = newPool(ctx, g, handle)
	defer context.AfterFunc(ctx, func() { _ = g.rdb.Close() })() // ends a read that waits
	defer func() { _ = g.rdb.Close() }()
	return g.run(ctx)
}

// group is one consumer of the group.
type group struct {
	c    *Client
	o    ConsumeOptions
	key  string
	rdb  redis.UniversalClient // for reads that wait
	pool *pool
	last string // the last ID that was read here
}

// run reads until ctx ends. First comes what an earlier process of the same name left; beside it, what dead ones left is taken over.
func (g *group) run(ctx context.Context) error {
	if err := g.create(ctx, g.o.From); err != nil {
		return g.pool.stop(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var claims sync.WaitGroup
	claims.Go(func() { g.claimLoop(ctx) })
	defer claims.Wait()
	defer cancel()

	err := g.leftovers(ctx)
	for attempt := 0; ctx.Err() == nil && err == nil; {
		if !g.pool.waitRoom(ctx) {
			break
		}
		readErr := g.read(ctx)
		switch {
		case readErr == nil:
			attempt = 0
		case strings.HasPrefix(readErr.Error(), "NOGROUP"):
			err = g.recreate(ctx)
		case !again(readErr) && ctx.Err() == nil:
			err = readErr
		default:
			pause(ctx, attempt)
			attempt++
		}
	}
	if ctx.Err() != nil {
		err = nil
	}
	return g.pool.stop(err)
}

func (g *group) create(ctx context.Context, from string) error {
	at := map[string]string{"": "$", FromNow: "$", FromStart: "0"}[from]
	_, err := retry(ctx, g.c, func(ctx context.Context) (string, error) {
		return g.c.rdb.XGroupCreateMkStream(ctx, g.key, g.o.Group, cmpOr(at, from)).Result()
	})
	if err != nil && strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return nil
	}
	return err
}

// recreate goes on where this replica stopped: Redis lost the group.
func (g *group) recreate(ctx context.Context) error {
	g.gap(Gap{After: g.last})
	return g.create(ctx, cmpOr(g.last, FromStart))
}

func (g *group) gap(gap Gap) {
	if g.o.OnGap != nil {
		g.o.OnGap(gap)
	}
}

// read waits for new entries once. Where the group stood before is asked in the same write: if the last entry that anybody got is not there
// any more, the next ones may be missing too.
func (g *group) read(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, block+g.c.opts.CommandTimeout)
	defer cancel()
	pipe := g.rdb.Pipeline()
	groups := pipe.XInfoGroups(limited, g.key)
	read := pipe.XReadGroup(limited, &redis.XReadGroupArgs{
		Group: g.o.Group, Consumer: g.o.Consumer, Streams: []string{g.key, ">"}, Count: int64(g.o.Concurrency), Block: block,
	})
	_, _ = pipe.Exec(limited) // each command has its own error
	streams, err := read.Result()
	switch {
	case err == redis.Nil: //nolint:errorlint // go-redis returns it bare
		return nil
	case err != nil:
		return err
	}
	messages := streams[0].Messages
	for _, i := range groups.Val() {
		if i.Name == g.o.Group {
			g.checkGap(ctx, i.LastDeliveredID, messages[0].ID)
		}
	}
	g.last = messages[len(messages)-1].ID
	return g.take(ctx, messages)
}

func (g *group) checkGap(ctx context.Context, last, next string) {
	if g.o.OnGap == nil || last == "0-0" {
		return
	}
	there, err := call(ctx, g.c, func(ctx context.Context) ([]redis.XMessage, error) {
		return g.c.rdb.XRangeN(ctx, g.key, last, last, 1).Result()
	})
	if err == nil && len(there) == 0 {
		g.gap(Gap{After: last, Before: next})
	}
}

// take hands entries to the pool; what nobody wants is acknowledged.
func (g *group) take(ctx context.Context, messages []redis.XMessage) error {
	var unwanted []string
	for i := range messages {
		m := &messages[i]
		if m.Values == nil { // pending, and trimmed meanwhile
			g.gap(Gap{After: m.ID, Before: m.ID})
			unwanted = append(unwanted, m.ID)
			continue
		}
		s := decodeStatus(m.ID, texts(m.Values))
		if g.o.Filter(&s) {
			g.pool.add(&s)
		} else {
			unwanted = append(unwanted, m.ID)
		}
	}
	if len(unwanted) == 0 {
		return nil
	}
	err := g.ack(ctx, unwanted...)
	if ctx.Err() != nil { // once more: others need not take over what nobody wants
		_, err = call(context.WithoutCancel(ctx), g.c, g.acknowledge(unwanted))
	}
	return err
}

func (g *group) ack(ctx context.Context, ids ...string) error {
	_, err := retry(ctx, g.c, g.acknowledge(ids))
	return err
}

func (g *group) acknowledge(ids []string) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) { return g.c.rdb.XAck(ctx, g.key, g.o.Group, ids...).Result() }
}

// leftovers are what an earlier process of the same name was given and did not acknowledge.
func (g *group) leftovers(ctx context.Context) error {
	for from := "0"; ; {
		streams, err := retry(ctx, g.c, func(ctx context.Context) ([]redis.XStream, error) {
			return g.c.rdb.XReadGroup(ctx, &redis.XReadGroupArgs{
				Group: g.o.Group, Consumer: g.o.Consumer, Streams: []string{g.key, from}, Count: readPage, Block: -1,
			}).Result()
		})
		if err != nil || len(streams) == 0 || len(streams[0].Messages) == 0 {
			return err
		}
		messages := streams[0].Messages
		from = messages[len(messages)-1].ID
		if err := g.take(ctx, messages); err != nil {
			return err
		}
	}
}
