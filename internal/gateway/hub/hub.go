package hub

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	maxPause      = 5 * time.Second
	checkInterval = 10 * time.Second // of a silent stream
)

// Source is the status stream.
type Source interface {
	// Bounds returns where it begins and ends.
	Bounds(ctx context.Context) (inspect.Bounds, error)
	// Next waits for entries after an ID for a few seconds; none is no error.
	Next(ctx context.Context, id event.ID) ([]inspect.StatusEntry, error)
}

// Options are what a Hub needs.
type Options struct {
	Source Source
	Read   func(entries int, lag time.Duration) // called after each read, with the age of its last entry; nil: nobody counts
	Logger *slog.Logger
}

// Hub remembers the latest entries of the status stream. One goroutine calls Run, any call the others.
type Hub struct {
	source Source
	read   func(entries int, lag time.Duration)
	log    *slog.Logger

	mu      sync.Mutex
	ring    ring
	started bool
	err     error         // of the last read; nil: it succeeded
	changed chan struct{} // closed with the next change
}

// New starts nothing.
func New(o Options) *Hub {
	if o.Read == nil {
		o.Read = func(int, time.Duration) {}
	}
	return &Hub{source: o.Source, read: o.Read, log: o.Logger, changed: make(chan struct{})}
}

// Run reads until ctx ends, and returns nil. While Redis is away it tries again.
func (h *Hub) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		err := h.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a stop is no failure
		}
		if failures++; h.fail(err) {
			failures = 1
			errcode.Warn(h.log, errcode.StatusReadFailed, "error", err)
		}
		retry.Sleep(ctx, retry.Backoff(failures, maxPause))
	}
	return nil
}

// follow reads until an error. It first finds out whether the stream still has what was read last.
func (h *Hub) follow(ctx context.Context) error {
	checked := time.Time{}
	for ctx.Err() == nil {
		if time.Since(checked) >= checkInterval {
			bounds, err := h.source.Bounds(ctx)
			if err != nil {
				return err
			}
			h.begin(bounds)
			checked = time.Now()
		}
		entries, err := h.source.Next(ctx, h.Last())
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			h.add(entries)
			checked = time.Now()
		}
	}
	return nil
}

// begin starts at the end of the stream, and again there when the stream is not the one that was read: it lost entries, or the
// oldest one that it has is past the last that was read.
func (h *Hub) begin(b inspect.Bounds) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		h.err = nil
		h.log.Info("status stream read again")
	}
	last := h.ring.last
	if h.started && last.Compare(b.Last) <= 0 && (b.First.Compare(last) <= 0 || last == b.Last) {
		return
	}
	h.started = true
	h.ring.reset(b.Last)
	h.wake()
}

func (h *Hub) add(read []inspect.StatusEntry) {
	entries := make([]Entry, 0, len(read))
	for _, s := range read {
		if e, ok := NewEntry(s); ok {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return
	}
	h.mu.Lock()
	h.ring.add(entries)
	h.wake()
	h.mu.Unlock()
	h.read(len(entries), time.Since(entries[len(entries)-1].ID.Time()))
}

// fail keeps why nothing is read, and reports whether that is new.
func (h *Hub) fail(err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.err == nil
	h.err = err
	return first
}

// wake tells all viewers that something has changed. The caller holds the lock.
func (h *Hub) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// Last is the ID of the last entry that was read.
func (h *Hub) Last() event.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.last
}

// Err is why nothing is read at present; nil: it is.
func (h *Hub) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Started reports whether the hub has ever known where the stream ends.
func (h *Hub) Started() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.started
}

// Since returns up to n entries after an ID in their order, and a channel that is closed when there may be more. Not ok: the
// hub does not have all of them, since they are too old, or the stream is another one by now.
func (h *Hub) Since(after event.ID, n int) (entries []Entry, changed <-chan struct{}, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	entries, ok = h.ring.since(after, n)
	return entries, h.changed, ok && h.started
}
