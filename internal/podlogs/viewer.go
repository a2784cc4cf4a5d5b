package podlogs

import (
	"context"
	"errors"
	"fmt"
	"math"
)

const (
	minTime = math.MinInt64
	// joinTries bounds how often a viewer reads on by itself because the ring has gone on meanwhile.
	joinTries = 5
)

// viewer reads a source, and what the source no longer has by itself.
type viewer struct {
	client *Client
	target Target
	source *source
	emit   func(entry) error

	next uint64
	last key  // of the line before
	open bool // the last entry was not the end of its line
}

// view is what Follow does: emit gets the entries.
func (c *Client) view(ctx context.Context, t Target, from From, emit func(entry) error) error {
	s, begun := c.attach(t, from)
	defer c.detach(t, s)
	v := &viewer{client: c, target: t, source: s, emit: emit}
	if begun {
		return v.follow(ctx, v.pass)
	}
	var ok bool
	if v.next, ok = s.covers(from); ok {
		return v.follow(ctx, v.filter(from))
	}
	f, err := v.readHistory(ctx, from)
	if err != nil {
		return err
	}
	return v.follow(ctx, f.handleEntry)
}

// filter passes what is not older than wanted: a source may have begun earlier.
func (v *viewer) filter(from From) func(entry) error {
	if from.Since.IsZero() {
		return v.pass
	}
	wanted, since := false, from.Since.UnixNano()
	return func(e entry) error {
		if e.first {
			wanted = e.key.time >= since
		}
		if !wanted {
			return nil
		}
		return v.pass(e)
	}
}

func (v *viewer) pass(e entry) error {
	if !e.first && !v.open { // the rest of a line whose beginning was missed
		return nil
	}
	v.last, v.open = e.key, !e.last
	return v.emit(e)
}

// readHistory reads what the ring no longer has, and returns what goes on with the ring without a gap: it knows what was read.
func (v *viewer) readHistory(ctx context.Context, from From) (*follower, error) {
	f := v.client.newFollower(v.target, from, true, v.pass)
	f.joins = true
	var seen uint64
	f.opening = func() { seen = v.source.newest() } // a connection that begins now has what came before
	for range joinTries {
		f.ends, f.ended = 0, false
		if err := f.run(ctx); err != nil {
			if errors.As(err, new(*PermissionError)) || ctx.Err() != nil || errors.Is(err, errStopped) {
				return nil, err
			}
			break // the marker says it
		}
		if v.next = v.source.oldest(); v.next <= seen {
			f.begin()
			f.trusted = true
			return f, nil
		}
	}
	f.begin()
	v.next = v.source.oldest()
	return f, v.mark(MarkerGap, "lines may be missing here: what was printed earlier could not be read in time")
}

// handleEntry is handle for an entry of a ring, which is never torn.
func (a *assembler) handleEntry(e entry) error {
	if e.marker != "" || a.repeats.over && !a.open {
		if e.marker != "" && !a.repeats.over { // it stands where the viewer has not been
			return nil
		}
		return a.emit(e)
	}
	return a.handle(piece{time: e.key.time, key: e.key, text: e.text, first: e.first, last: e.last})
}

// follow passes on what the ring has until the source ends.
func (v *viewer) follow(ctx context.Context, handle func(entry) error) error {
	for {
		batch, number, err := v.source.wait(ctx, v.next)
		if len(batch) == 0 || err != nil {
			return err
		}
		if number > v.next {
			if err := v.tooSlow(number - v.next); err != nil {
				return err
			}
		}
		for i := range batch {
			if err := handle(batch[i]); err != nil {
				return err
			}
		}
		v.next = number + uint64(len(batch))
	}
}

// tooSlow says that entries are missing.
func (v *viewer) tooSlow(n uint64) error {
	return v.mark(MarkerSlow, fmt.Sprintf("about %d lines are missing here: this reader is too slow", n))
}

func (v *viewer) mark(kind Marker, message string) error {
	if v.open { // nothing of the line follows
		if err := v.pass(entry{key: v.last, last: true}); err != nil {
			return err
		}
	}
	return v.pass(entry{key: key{time: v.last.time}, text: []byte(message), first: true, last: true, marker: kind})
}
