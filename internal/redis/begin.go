package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// beginning is what Redis says before a term begins.
type beginning struct {
	owned   string // the owner's value; empty: nobody's
	known   bool   // a term began here before
	mark    event.ID
	last    event.ID // the highest ID the stream ever had; zero when there is none, or no stream
	grouped bool     // our consumer group exists
}

// renewed: the stream counts from below what was taken in before, so it is another one than that which the mark means.
func (b beginning) renewed() bool { return b.last.Compare(b.mark) < 0 }

// Begin implements worker.Journal. An *OwnedError: the stream is another installation's.
func (j *Journal) Begin(ctx context.Context) (mark event.ID, known bool, err error) {
	j.fence.drop()
	j.open = nil
	b, err := j.begin(ctx, rand.Text())
	if err != nil {
		return event.ID{}, false, j.client.wrap("beginning a term on "+j.keys.Stream, err)
	}
	if b.renewed() {
		j.opts.Logger.Error("the stream is a new one: all of it is read, and the mark is forgotten",
			"stream", j.keys.Stream, "last_id", b.last.String(), "mark", b.mark.String())
		b.mark = event.ID{}
	}
	j.mark = b.mark
	return b.mark, b.known, nil
}

// errRenewed: to set the group back is right only as long as the stream stays the new one, so it must be watched too.
// An ordinary stream is not: its producers write all the time.
var errRenewed = errors.New("the stream is a new one")

func (j *Journal) begin(ctx context.Context, token string) (beginning, error) {
	us := j.owner()
	value, err := us.encode()
	if err != nil {
		return beginning{}, err
	}
	var b beginning
	attempt := func(keys ...string) error {
		return j.client.transact(ctx, keys, func(p goredis.Pipeliner) func() error {
			found := j.look(ctx, p)
			return func() (err error) {
				b, err = found()
				switch {
				case err != nil:
					return err
				case b.owned != "":
					err = j.checkOwner(b.owned, us)
				}
				if err == nil && b.renewed() && !slices.Contains(keys, j.keys.Stream) {
					return errRenewed
				}
				return err
			}
		}, func(p goredis.Pipeliner) error { j.queueBegin(ctx, p, b, value, token); return nil })
	}
	err = attempt(j.keys.Owner(), j.keys.Fence(), j.keys.Mark())
	if errors.Is(err, errRenewed) {
		err = attempt(j.keys.Owner(), j.keys.Fence(), j.keys.Mark(), j.keys.Stream)
	}
	if err == nil {
		j.fence.raise(token)
	}
	return b, err
}

// look asks for everything in one go.
func (j *Journal) look(ctx context.Context, p goredis.Pipeliner) func() (beginning, error) {
	owned, fence, mark := p.Get(ctx, j.keys.Owner()), p.Get(ctx, j.keys.Fence()), p.Get(ctx, j.keys.Mark())
	groups, last := p.XInfoGroups(ctx, j.keys.Stream), lastID(ctx, p, j.keys.Stream)
	return func() (b beginning, err error) {
		if b.owned, err = owned.Result(); err != nil && !errors.Is(err, goredis.Nil) {
			return b, err
		}
		if err = fence.Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return b, err
		}
		b.known = err == nil
		if b.mark, err = decodeMark(j.keys.Mark(), mark); err != nil {
			return b, err
		}
		if _, b.grouped, err = findGroup(groups, j.opts.Group); err != nil {
			return b, err
		}
		b.last, err = last()
		return b, err
	}
}

// queueBegin is the beginning of a term: whoever was before us can write no more.
func (j *Journal) queueBegin(ctx context.Context, p goredis.Pipeliner, b beginning, owned, token string) {
	if b.owned == "" {
		p.Set(ctx, j.keys.Owner(), owned, 0)
	}
	p.Set(ctx, j.keys.Fence(), token, 0)
	from := b.mark
	if b.renewed() {
		from = event.ID{}
		p.Del(ctx, j.keys.Mark())
	}
	switch {
	case !b.grouped:
		p.XGroupCreateMkStream(ctx, j.keys.Stream, j.opts.Group, start(from))
	case b.renewed():
		p.XGroupSetID(ctx, j.keys.Stream, j.opts.Group, start(from))
	}
}
