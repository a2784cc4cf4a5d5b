package redis

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// SourceOptions say which stream is read, and as whom. Zero numbers get the defaults.
type SourceOptions struct {
	Stream   string
	Group    string
	Consumer string
	Block    time.Duration // how long a read waits for the next entry; 2 s
	Count    int           // the most entries of one read; 64
	Recheck  time.Duration // how often the pending list is compared with what was returned; 10 s
	Logger   *slog.Logger
}

const (
	defaultBlock   = 2 * time.Second
	defaultCount   = 64
	defaultRecheck = 10 * time.Second
	// grace is what an answer may take besides blocking.
	grace = 4 * time.Second
	// bigRead, in bytes over the wire: after a read of more, the next ones are small again, so that each ends in time.
	bigRead = 1 << 20
)

// Source reads one stream. It implements worker.Source.
//
// Whatever Redis delivered stays on the pending list until it is acknowledged, also when its reply never arrived: after
// an error, or when a read of a dead process was answered late. So the pending list is read before anything new, at the
// start and after every error; new entries are returned only when none on the list was passed over by them; and every
// Recheck the whole list is compared with what was returned. How bodies that end us are found out: see deliveries.
type Source struct {
	client *Client
	keys   Keys
	opts   SourceOptions

	recovering bool
	cursor     event.ID  // recovering goes on after this one,
	until      event.ID  // up to this one
	listed     []pending // the next of them
	returned   idSet     // pending as far as we know, and returned since the last error
	highest    event.ID  // the last new entry, or the last that was pending before it
	nextCheck  time.Time
	count      int        // grows to opts.Count while reads are small
	guarded    []event.ID // reading rests until these are dealt with,
	guardUntil time.Time  // at most until then
	patience   time.Duration
}

var _ worker.Source = (*Source)(nil)

// NewSource returns a Source that has not touched Redis yet.
func NewSource(client *Client, o SourceOptions) *Source {
	if o.Block <= 0 {
		o.Block = defaultBlock
	}
	if o.Count <= 0 {
		o.Count = defaultCount
	}
	if o.Recheck <= 0 {
		o.Recheck = defaultRecheck
	}
	s := &Source{client: client, keys: NewKeys(o.Stream), opts: o, patience: patience}
	s.restart()
	return s
}

// Read implements worker.Source. When ctx ends during a read, that read is not aborted, since Redis would go on
// delivering to a reader that is gone; it returns what came, after Block at the latest.
func (s *Source) Read(ctx context.Context) ([]worker.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := s.read(ctx)
	if err == nil {
		return entries, nil
	}
	s.restart()
	if groupIsGone(err) {
		return nil, s.createGroup(ctx)
	}
	return nil, s.client.wrap("reading "+s.keys.Stream, err)
}

// restart forgets what was returned: all that is pending is returned again, from the beginning.
func (s *Source) restart() {
	s.recover(event.ID{}, maxID)
	s.returned, s.highest, s.count, s.guarded = nil, event.ID{}, 1, nil
	s.nextCheck = time.Now().Add(s.opts.Recheck)
}

func (s *Source) read(ctx context.Context) ([]worker.Entry, error) {
	if rested, err := s.rest(ctx); err != nil || !rested {
		return nil, err
	}
	if err := s.checkPending(ctx); err != nil {
		return nil, err
	}
	for s.recovering {
		entries, err := s.readPending(ctx)
		if err != nil || len(entries) > 0 {
			return entries, err
		}
	}
	return s.readNew(ctx)
}

func (s *Source) readNew(ctx context.Context) ([]worker.Entry, error) {
	entries, err := s.readGroup(ctx)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	passed, err := s.passedOver(ctx, entries)
	if err != nil {
		return nil, err
	}
	if passed {
		s.recover(s.highest, entries[len(entries)-1].ID)
		return s.readPending(ctx)
	}
	return s.finish(ctx, entries)
}

// finish makes entries ready to be returned, and remembers that they are.
func (s *Source) finish(ctx context.Context, entries []worker.Entry) ([]worker.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.fillHolders(ctx, entries); err != nil {
		return nil, fmt.Errorf("looking up idempotency keys: %w", err)
	}
	for _, e := range entries {
		s.returned.add(e.ID)
		if e.ID.Compare(s.highest) > 0 {
			s.highest = e.ID
		}
	}
	return entries, nil
}

// readGroup reads new entries.
func (s *Source) readGroup(ctx context.Context) ([]worker.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Block+grace)
	defer cancel()
	entries, size, err := queueEntries(ctx, s.client.reads, inGroup, "XREADGROUP", "GROUP", s.opts.Group, s.opts.Consumer,
		"COUNT", s.count, "BLOCK", s.opts.Block.Milliseconds(), "STREAMS", s.keys.Stream, ">")()
	if err != nil {
		return nil, err
	}
	s.adapt(size)
	return entries, nil
}

// adapt starts small and doubles, so that the time a read takes follows the size of the entries that come. Huge ones
// after many small ones may come together once; should that be too slow, the reads after it come one at a time.
func (s *Source) adapt(size int) {
	if size > bigRead {
		s.count = 1
		return
	}
	s.count = min(2*s.count, s.opts.Count)
}
