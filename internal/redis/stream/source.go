package stream

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Options say which stream is read, and as which consumer. Zero numbers mean the defaults.
type Options struct {
	Stream   string
	Group    string
	Consumer string
	Poison   *Poison       // the process's, shared by the Sources of all its terms; nil: a fresh one
	Block    time.Duration // how long a read waits for the next entry; 2 s
	Count    int           // the most entries of one read; 64
	Recheck  time.Duration // how often the pending list is compared with what was returned; 10 s
	Logger   *slog.Logger
}

const (
	defaultBlock   = 2 * time.Second
	defaultCount   = 64
	defaultRecheck = 10 * time.Second
	// largeRead, in bytes over the wire: after a larger read the next ones are small again, so that each ends in time.
	largeRead = 1 << 20
)

func (o Options) withDefaults() Options {
	if o.Poison == nil {
		o.Poison = new(Poison)
	}
	if o.Block <= 0 {
		o.Block = defaultBlock
	}
	if o.Count <= 0 {
		o.Count = defaultCount
	}
	if o.Recheck <= 0 {
		o.Recheck = defaultRecheck
	}
	return o
}

// Source reads one stream in one term. It implements worker.Source; one goroutine calls it. The package comment has its
// rules.
type Source struct {
	client *redis.Client
	keys   redis.Keys
	opts   Options
	poison *Poison

	recovering bool
	cursor     event.ID  // recovery continues after this ID,
	until      event.ID  // up to this one
	listed     []pending // the next entries to recover
	returned   idSet     // pending as far as known, and returned since the last error
	highest    event.ID  // the last new entry, or the last that was pending before it
	nextCheck  time.Time
	count      int // the most entries of the next read; grows to opts.Count while reads are small

	guarded    []event.ID // reading pauses until these are recorded or acknowledged,
	guardUntil time.Time  // at most until then
	guardLimit time.Duration
}

var _ worker.Source = (*Source)(nil)

// New returns a Source that has not contacted Redis yet. The composition root makes one for each term.
func New(client *redis.Client, o Options) *Source {
	o = o.withDefaults()
	s := &Source{client: client, keys: redis.NewKeys(o.Stream), opts: o, poison: o.Poison, guardLimit: guardLimit}
	s.restart()
	return s
}

// Read implements worker.Source. A read in progress is not aborted when ctx ends, since Redis would go on delivering to
// a reader that is gone; it returns what came, after Block at the latest.
func (s *Source) Read(ctx context.Context) ([]worker.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := s.read(ctx)
	if err == nil {
		return entries, nil
	}
	s.restart()
	if groupMissing(err) {
		return nil, s.createGroup(ctx)
	}
	return nil, s.client.Wrap("reading "+s.keys.Stream, err)
}

// restart forgets what was returned: everything pending is returned again, from the beginning.
func (s *Source) restart() {
	s.recover(event.ID{}, redis.MaxID)
	s.returned, s.highest, s.count, s.guarded = nil, event.ID{}, 1, nil
	s.nextCheck = time.Now().Add(s.opts.Recheck)
}

func (s *Source) read(ctx context.Context) ([]worker.Entry, error) {
	if done, err := s.awaitGuarded(ctx); err != nil || !done {
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

// finish completes entries that are to be returned, and remembers them.
func (s *Source) finish(ctx context.Context, entries []worker.Entry) ([]worker.Entry, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if err := s.fillKeyOwners(ctx, entries); err != nil {
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Block+redis.ReplyTimeout)
	defer cancel()
	reader := &respReader{enclosing: inGroup}
	entries, size, err := queueEntries(ctx, s.client.Reads(), reader, "XREADGROUP", "GROUP", s.opts.Group, s.opts.Consumer,
		"COUNT", s.count, "BLOCK", s.opts.Block.Milliseconds(), "STREAMS", s.keys.Stream, ">")()
	if err != nil {
		return nil, err
	}
	s.adapt(size)
	return entries, nil
}

// adapt starts small and doubles, so that the time of a read follows the size of the entries. Huge entries after many
// small ones may come together once; should that be too slow, the reads after it return one at a time.
func (s *Source) adapt(size int) {
	if size > largeRead {
		s.count = 1
		return
	}
	s.count = min(2*s.count, s.opts.Count)
}

// finishing is the context of commands that complete a read: they outlive ctx, but not the reply's timeout.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), redis.ReplyTimeout)
}
