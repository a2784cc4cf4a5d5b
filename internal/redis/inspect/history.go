package inspect

import (
	"context"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

const followBlock = 2 * time.Second // of one blocking read

// StatusEntry is one entry of the status stream; docs/status-stream.md lists its fields.
type StatusEntry struct {
	ID     string
	Fields map[string]string
}

func newStatusEntry(m goredis.XMessage) StatusEntry { return StatusEntry{m.ID, toStrings(m.Values)} }

// Kind is what it reports: `accepted`, `worker`, `closed` and so on.
func (s StatusEntry) Kind() string { return s.Fields["kind"] }

// Ends reports whether it is the last entry of its event.
func (s StatusEntry) Ends() bool {
	return s.Kind() == "closed" || s.Kind() == "rejected" || s.Kind() == "duplicate"
}

func (s StatusEntry) of(id event.ID) bool { return s.Fields["event_id"] == id.String() }

// History returns the status entries of an event so far, and the ID to follow on from.
func (r *Reader) History(ctx context.Context, id event.ID) (history []StatusEntry, last string, err error) {
	last, err = r.walk(ctx, id.Ms, func(s StatusEntry) bool {
		if s.of(id) {
			history = append(history, s)
		}
		return !s.of(id) || !s.Ends()
	})
	if err != nil {
		return nil, "", err
	}
	return history, last, nil
}

// HistoryWithin is History that reads at most n entries, also those of other events. Not whole: there may be more.
func (r *Reader) HistoryWithin(ctx context.Context, id event.ID, n int) (history []StatusEntry, whole bool, err error) {
	read := 0
	_, err = r.walk(ctx, id.Ms, func(s StatusEntry) bool {
		if read++; s.of(id) {
			history = append(history, s)
		}
		return read < n && (!s.of(id) || !s.Ends())
	})
	ended := len(history) > 0 && history[len(history)-1].Ends()
	return history, err == nil && (read < n || ended), err
}

// Histories returns the status entries of each of these events, in one pass over the status stream. The IDs are in their
// order.
func (r *Reader) Histories(ctx context.Context, ids []event.ID) (map[event.ID][]StatusEntry, error) {
	all := make(map[event.ID][]StatusEntry, len(ids))
	if len(ids) == 0 {
		return all, nil
	}
	wanted := make(map[string]event.ID, len(ids))
	for _, id := range ids {
		wanted[id.String()] = id
	}
	_, err := r.walk(ctx, ids[0].Ms, func(s StatusEntry) bool {
		if id, ok := wanted[s.Fields["event_id"]]; ok {
			all[id] = append(all[id], s)
		}
		return true
	})
	return all, err
}

// Since returns the wanted status entries from a time on; the time is on Redis' clock.
func (r *Reader) Since(ctx context.Context, from time.Time, wanted func(StatusEntry) bool) ([]StatusEntry, error) {
	var all []StatusEntry
	_, err := r.walk(ctx, uint64(max(0, from.UnixMilli())), func(s StatusEntry) bool {
		if wanted(s) {
			all = append(all, s)
		}
		return true
	})
	return all, err
}

// walk passes each status entry from a millisecond on, until visit returns false, and returns the ID of the last one.
func (r *Reader) walk(ctx context.Context, ms uint64, visit func(StatusEntry) bool) (last string, err error) {
	last = fmt.Sprintf("%d-0", ms)
	for from := last; ; from = "(" + last {
		page, err := r.client.Commands().XRangeN(ctx, r.keys.Status(), from, "+", readPage).Result()
		if err != nil {
			return "", r.client.Wrap("reading the status stream", err)
		}
		for _, m := range page {
			if last = m.ID; !visit(newStatusEntry(m)) {
				return last, nil
			}
		}
		if len(page) < readPage {
			return last, nil
		}
	}
}

// Follow waits up to two seconds for new status entries of an event after last, and returns where to continue; none is no
// error.
func (r *Reader) Follow(ctx context.Context, id event.ID, last string) (entries []StatusEntry, next string, err error) {
	after, err := event.ParseID(last)
	if err != nil {
		return nil, last, err
	}
	all, err := r.Next(ctx, after)
	if err != nil {
		return nil, last, err
	}
	for _, s := range all {
		last = s.ID
		if s.of(id) {
			entries = append(entries, s)
		}
	}
	return entries, last, nil
}

// OfTask returns the events of a task on the status stream, newest first, at most n.
func (r *Reader) OfTask(ctx context.Context, task string, n int) ([]event.ID, error) {
	var ids []event.ID
	for to := "+"; ; {
		page, err := r.client.Commands().XRevRangeN(ctx, r.keys.Status(), to, "-", readPage).Result()
		if err != nil {
			return nil, r.client.Wrap("reading the status stream", err)
		}
		for _, m := range page {
			to = "(" + m.ID
			if s := newStatusEntry(m); s.Fields["task_id"] == task {
				id, err := event.ParseID(s.Fields["event_id"])
				if err == nil && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
			if len(ids) == n {
				return ids, nil
			}
		}
		if len(page) < readPage {
			return ids, nil
		}
	}
}
