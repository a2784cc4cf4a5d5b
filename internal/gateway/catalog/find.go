package catalog

import (
	"context"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

// State is which events are wanted.
type State string

// The states of a Filter.
const (
	StateAll    State = "all"
	StateOpen   State = "open"
	StateClosed State = "closed"
)

// Filter selects events. Zero fields select all.
type Filter struct {
	State  State
	TaskID string
	Queues []string   // any of them; nil: all
	Type   event.Type // is known from the records only
	Before event.ID   // only older ones
	Limit  int        // 1..
}

// Page is some of the events that a Filter selects, newest first.
type Page struct {
	Events []records.Kept
	Next   event.ID // the Before of the next page; zero: this was the last one
}

const (
	// maxExamined bounds the records that are read for one page: those of another type than the wanted one count too.
	maxExamined = 1000
	typePage    = 100 // records that are read at once where only some are wanted
)

// Loaded reports whether the catalog has been loaded once. Before that a page may lack events.
func (c *Catalog) Loaded() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.loaded
}

// Find returns the newest events that the filter selects. A page may have fewer events than asked for, even none, and a next
// page all the same.
func (c *Catalog) Find(ctx context.Context, f Filter) (Page, error) {
	var page Page
	for before, examined := f.Before, 0; ; {
		want := f.Limit - len(page.Events)
		if f.Type != "" { // few may be of that type
			want = max(want, typePage)
		}
		ids, more := c.candidates(f, before, want)
		found, err := c.reader.FindAll(ctx, ids)
		if err != nil {
			return Page{}, err
		}
		c.forget(ids, found)
		for i, rec := range found {
			if rec == nil || !f.selects(rec) {
				continue
			}
			page.Events = append(page.Events, *rec)
			if len(page.Events) == f.Limit && i < len(ids)-1 {
				page.Next = ids[i]
				return page, nil
			}
		}
		if !more {
			return page, nil
		}
		before = ids[len(ids)-1]
		if examined += len(ids); len(page.Events) >= f.Limit || examined >= maxExamined {
			page.Next = before
			return page, nil
		}
	}
}

// candidates are the newest n events before an ID that may be wanted, and whether there are more.
func (c *Catalog) candidates(f Filter, before event.ID, n int) (ids []event.ID, more bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	task := c.index.hash(f.TaskID)
	c.index.before(before, func(it *item) bool {
		if f.State == StateOpen && !it.open || f.State == StateClosed && it.open || f.TaskID != "" && it.task != task ||
			f.Queues != nil && !slices.Contains(f.Queues, it.queue) {
			return true
		}
		if more = len(ids) == n; more {
			return false
		}
		ids = append(ids, it.id)
		return true
	})
	return ids, more
}

// selects decides from the record. Tasks with one hash differ, and an event may have closed a moment ago.
func (f *Filter) selects(rec *records.Kept) bool {
	return (f.TaskID == "" || rec.Event.TaskID() == f.TaskID) && (f.Type == "" || rec.Event.Type == f.Type) &&
		(f.State != StateOpen || !rec.Closed) && (f.State != StateClosed || rec.Closed) &&
		(f.Queues == nil || slices.Contains(f.Queues, rec.Event.Queue))
}

// forget drops closed events whose records have expired.
func (c *Catalog) forget(ids []event.ID, found []*records.Kept) {
	gone := make(map[event.ID]bool)
	for i, rec := range found {
		if rec == nil {
			gone[ids[i]] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index.remove(gone)
}
