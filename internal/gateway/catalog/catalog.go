package catalog

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	recordPage = 100 // records read at once while it is loaded: each may have a thousand slots
	statusPage = 500
	maxPause   = 5 * time.Second
)

// Reader is what Redis knows.
type Reader interface {
	OpenIDs(ctx context.Context) ([]event.ID, error)
	FindAll(ctx context.Context, ids []event.ID) ([]*records.Kept, error)
	After(ctx context.Context, id event.ID, n int) ([]inspect.StatusEntry, error)
}

// Feed is the hub.
type Feed interface {
	Last() event.ID
	Started() bool
	Since(after event.ID, n int) (entries []hub.Entry, changed <-chan struct{}, ok bool)
}

// Catalog knows which events there are. One goroutine calls Run, any call the others.
type Catalog struct {
	reader Reader
	feed   Feed

	mu     sync.RWMutex
	index  *index
	loaded bool
}

// New starts nothing.
func New(r Reader, f Feed) *Catalog { return &Catalog{reader: r, feed: f, index: newIndex()} }

// Run keeps the catalog until ctx ends, and returns nil.
func (c *Catalog) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		last, err := c.load(ctx)
		if err != nil { // the hub logs that Redis is away
			failures++
			retry.Sleep(ctx, retry.Backoff(failures, maxPause))
			continue
		}
		failures = 0
		c.follow(ctx, last)
	}
	return nil
}

// load makes a new index, and returns the last status entry that it knows of. What happens meanwhile is told by the entries
// after that.
func (c *Catalog) load(ctx context.Context) (event.ID, error) {
	if err := c.awaitFeed(ctx); err != nil {
		return event.ID{}, err
	}
	last, fresh := c.feed.Last(), newIndex()
	if err := c.loadOpen(ctx, fresh); err != nil {
		return last, err
	}
	if err := c.loadStatus(ctx, fresh, last); err != nil {
		return last, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index, c.loaded = fresh, true
	return last, nil
}

func (c *Catalog) awaitFeed(ctx context.Context) error {
	for !c.feed.Started() {
		_, changed, _ := c.feed.Since(event.ID{}, 0)
		if c.feed.Started() {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// loadOpen reads the open events: their status entries may have been trimmed long ago.
func (c *Catalog) loadOpen(ctx context.Context, x *index) error {
	ids, err := c.reader.OpenIDs(ctx)
	if err != nil {
		return err
	}
	for page := range slices.Chunk(ids, recordPage) {
		found, err := c.reader.FindAll(ctx, page)
		if err != nil {
			return err
		}
		for _, rec := range found {
			if rec != nil && !rec.Closed {
				x.put(rec.Event.EventID, rec.Event.TaskID(), rec.Event.Queue)
			}
		}
	}
	return nil
}

// loadStatus reads the status stream up to an entry. It knows the closed events.
func (c *Catalog) loadStatus(ctx context.Context, x *index, last event.ID) error {
	for after := (event.ID{}); after.Compare(last) < 0; {
		page, err := c.reader.After(ctx, after, statusPage)
		if err != nil {
			return err
		}
		for _, s := range page {
			e, ok := hub.NewEntry(s)
			if !ok || e.ID.Compare(last) > 0 {
				return nil
			}
			apply(x, &e)
			after = e.ID
		}
		if len(page) < statusPage {
			return nil
		}
	}
	return nil
}

// apply takes what an entry says of its event.
func apply(x *index, e *hub.Entry) {
	if e.EventID.IsZero() || e.Queue == "" { // a duplicate or what was rejected has no record
		return
	}
	x.put(e.EventID, e.TaskID, e.Queue)
	if e.Kind == "closed" {
		x.close(e.EventID)
	}
}

// follow applies entries until the feed does not have the next ones, or ctx ends.
func (c *Catalog) follow(ctx context.Context, last event.ID) {
	for {
		entries, changed, ok := c.feed.Since(last, statusPage)
		if !ok {
			return
		}
		if len(entries) > 0 {
			c.mu.Lock()
			for i := range entries {
				apply(c.index, &entries[i])
			}
			c.mu.Unlock()
			last = entries[len(entries)-1].ID
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
