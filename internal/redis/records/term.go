package records

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// termStart is the state in Redis before a term begins.
type termStart struct {
	owner          string // the owner's value; empty: none
	known          bool   // a term began here before
	lastAccepted   event.ID
	lastID         event.ID // the highest ID the stream ever had; zero when there is none, or no stream
	hasGroup       bool
	complete       event.ID // the highest ID whose record may have been lost
	writesComplete bool     // Redis does not have it yet
}

// streamReplaced: the stream counts from below what was accepted before, so it is another one.
func (s termStart) streamReplaced() bool { return s.lastID.Compare(s.lastAccepted) < 0 }

// Begin implements worker.Journal. An *OwnedError: the stream belongs to another installation.
func (j *Journal) Begin(ctx context.Context) (worker.TermStart, error) {
	j.fence.drop()
	j.open = nil
	found, err := j.begin(ctx, newHold(rand.Text()))
	if err != nil {
		return worker.TermStart{}, j.client.Wrap("beginning a term on "+j.keys.Stream, err)
	}
	var replaced event.ID
	if found.streamReplaced() {
		errcode.Error(j.opts.Logger, errcode.StreamReplaced,
			"stream", j.keys.Stream, "last_id", found.lastID.String(), "last_accepted_id", found.lastAccepted.String())
		replaced, found.lastAccepted = found.lastAccepted, event.ID{}
	}
	j.lastAccepted, j.lastID = found.lastAccepted, found.lastID
	return worker.TermStart{
		LastAccepted: found.lastAccepted, Replaced: replaced, Known: found.known, CompleteSince: found.complete,
	}, nil
}

// errWatchStream: a group may be set back only while the stream stays the replaced one, so the stream must be watched
// too. Otherwise it is not: producers write to it all the time.
var errWatchStream = errors.New("the stream was replaced and must be watched")

func (j *Journal) begin(ctx context.Context, start *hold) (termStart, error) {
	us := j.owner()
	value, err := us.encode()
	if err != nil {
		return termStart{}, err
	}
	var found termStart
	keys := []string{j.keys.Owner(), j.keys.Fence(), j.keys.LastAcceptedID()}
	try := func(keys ...string) error {
		return translateConflict(j.client.Transact(ctx, keys, func(p goredis.Pipeliner) func() error {
			state := j.queueState(ctx, p)
			return func() (err error) {
				if found, err = state(); err != nil {
					return err
				}
				return j.checkStart(found, us, slices.Contains(keys, j.keys.Stream))
			}
		}, func(p goredis.Pipeliner) error { j.queueBegin(ctx, p, found, value, start); return nil }))
	}
	if err = try(keys...); errors.Is(err, errWatchStream) {
		err = try(append(keys, j.keys.Stream)...)
	}
	if err == nil {
		j.fence.raise(start)
	}
	return found, err
}

func (j *Journal) checkStart(found termStart, us owner, streamWatched bool) error {
	if found.owner != "" {
		if err := j.checkOwner(found.owner, us); err != nil {
			return err
		}
	}
	if found.streamReplaced() && !streamWatched {
		return errWatchStream
	}
	return nil
}

// queueState asks for everything in one round trip.
func (j *Journal) queueState(ctx context.Context, p goredis.Pipeliner) func() (termStart, error) {
	owner, fence, lastAccepted := p.Get(ctx, j.keys.Owner()), p.Get(ctx, j.keys.Fence()), p.Get(ctx, j.keys.LastAcceptedID())
	groups, lastID := p.XInfoGroups(ctx, j.keys.Stream), redis.LastGeneratedID(ctx, p, j.keys.Stream)
	complete := j.queueComplete(ctx, p)
	return func() (s termStart, err error) {
		if s.owner, err = owner.Result(); err != nil && !errors.Is(err, goredis.Nil) {
			return s, err
		}
		if err = fence.Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return s, err
		}
		s.known = err == nil
		if s.lastAccepted, err = redis.DecodeID(j.keys.LastAcceptedID(), lastAccepted); err != nil {
			return s, err
		}
		if _, s.hasGroup, err = redis.FindGroup(groups, j.opts.Group); err != nil {
			return s, err
		}
		if s.lastID, err = lastID(); err != nil {
			return s, err
		}
		s.complete, s.writesComplete, err = complete(s)
		return s, err
	}
}

// queueBegin writes the new token, so that no earlier term can write any more, and prepares the group.
func (j *Journal) queueBegin(ctx context.Context, p goredis.Pipeliner, found termStart, owner string, start *hold) {
	if found.owner == "" {
		p.Set(ctx, j.keys.Owner(), owner, 0)
	}
	p.Set(ctx, j.keys.Fence(), start.value(), 0)
	p.Set(ctx, j.keys.Batch(), start.number(), 0)
	if found.writesComplete {
		p.Set(ctx, j.keys.Complete(), found.complete.String(), 0)
	}
	from := found.lastAccepted
	if found.streamReplaced() {
		from = event.ID{}
		p.Del(ctx, j.keys.LastAcceptedID())
	}
	switch {
	case !found.hasGroup:
		p.XGroupCreateMkStream(ctx, j.keys.Stream, j.opts.Group, redis.GroupStart(from))
	case found.streamReplaced():
		p.XGroupSetID(ctx, j.keys.Stream, j.opts.Group, redis.GroupStart(from))
	}
}
