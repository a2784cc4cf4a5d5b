package client

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// claimLoop keeps the entries of this replica, and takes over those of dead ones, three times in each ClaimAfter.
func (g *group) claimLoop(ctx context.Context) {
	ticker := time.NewTicker(max(g.o.ClaimAfter/3, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		g.keep(ctx)
		g.takeOver(ctx)
	}
}

// keep claims the entries of the pool for their owner: that makes them young. What another replica owns meanwhile is let go: this
// process was stopped for too long.
func (g *group) keep(ctx context.Context) {
	held := g.pool.held()
	if len(held) == 0 {
		return
	}
	owned, ok := g.owned(ctx)
	if !ok {
		return // nobody can be told apart from a dead one now; the next turn comes soon
	}
	var mine []string
	for _, id := range held {
		if owned[id] {
			mine = append(mine, id)
		} else {
			g.pool.drop(id)
		}
	}
	if len(mine) == 0 {
		return
	}
	_, _ = call(ctx, g.c, func(ctx context.Context) ([]string, error) {
		return g.c.rdb.XClaimJustID(ctx, &redis.XClaimArgs{
			Stream: g.key, Group: g.o.Group, Consumer: g.o.Consumer, Messages: mine,
		}).Result()
	})
}

// owned are the pending entries of this consumer.
func (g *group) owned(ctx context.Context) (ids map[string]bool, ok bool) {
	ids = make(map[string]bool)
	for from := "-"; ; {
		pending, err := call(ctx, g.c, func(ctx context.Context) ([]redis.XPendingExt, error) {
			return g.c.rdb.XPendingExt(ctx, &redis.XPendingExtArgs{
				Stream: g.key, Group: g.o.Group, Consumer: g.o.Consumer, Start: from, End: "+", Count: readPage,
			}).Result()
		})
		if err != nil {
			return nil, false
		}
		for _, p := range pending {
			ids[p.ID] = true
		}
		if len(pending) < readPage {
			return ids, true
		}
		from = "(" + pending[len(pending)-1].ID
	}
}

// takeOver claims what nobody has kept for ClaimAfter, as long as there is room.
func (g *group) takeOver(ctx context.Context) {
	type claimed struct {
		messages []redis.XMessage
		deleted  []string
		next     string
	}
	for from := "0-0"; g.pool.hasRoom() && ctx.Err() == nil; {
		got, err := call(ctx, g.c, func(ctx context.Context) (claimed, error) {
			messages, next, deleted, err := g.c.rdb.XAutoClaimWithDeleted(ctx, &redis.XAutoClaimArgs{
				Stream: g.key, Group: g.o.Group, Consumer: g.o.Consumer, MinIdle: g.o.ClaimAfter, Start: from,
				Count: int64(g.o.Concurrency),
			}).Result()
			return claimed{messages, deleted, next}, err
		})
		if err != nil {
			return
		}
		for _, id := range got.deleted { // trimmed before they were handled
			g.gap(Gap{After: id, Before: id})
		}
		if g.take(ctx, got.messages) != nil || got.next == "0-0" {
			return
		}
		from = got.next
	}
}

// retried counts one more delivery of an entry, where all replicas see it.
func (g *group) retried(ctx context.Context, id string) {
	_, _ = call(ctx, g.c, func(ctx context.Context) ([]redis.XMessage, error) {
		return g.c.rdb.XClaim(ctx, &redis.XClaimArgs{
			Stream: g.key, Group: g.o.Group, Consumer: g.o.Consumer, Messages: []string{id},
		}).Result()
	})
}
