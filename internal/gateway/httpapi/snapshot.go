package httpapi

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

// maxSnapshot bounds the events of a snapshot, the newest. What is left out is found with GET /v1/events.
const maxSnapshot = 1000

// streamFilter selects entries. Zero fields select all.
type streamFilter struct {
	eventID event.ID
	taskID  string
	queue   string
}

func (f *streamFilter) wants(e *hub.Entry) bool {
	return (f.eventID.IsZero() || e.EventID == f.eventID) && (f.taskID == "" || e.TaskID == f.taskID) &&
		(f.queue == "" || e.Queue == f.queue)
}

// may: a token that is bound to queues does not see what belongs to none, but for pauses of all.
func (*streamFilter) may(who *Principal, e *hub.Entry) bool {
	return who.sees(e.Queue) || e.Queue == "*"
}

// snapshotSeqs are the seq of events in the last snapshot: entries up to it, which came while it was taken, are in it.
type snapshotSeqs struct {
	seqs  map[event.ID]int
	until event.ID // later entries are in no snapshot
}

func (s *snapshotSeqs) has(e *hub.Entry) bool {
	if s.seqs == nil {
		return false
	}
	if e.ID.Compare(s.until) > 0 {
		s.seqs = nil
		return false
	}
	return e.Seq > 0 && e.Seq <= s.seqs[e.EventID]
}

// sendSnapshot sends how the events stand that the filter selects, and before it, if entries were lost, that they were. The
// viewer goes on with the entries since the snapshot was begun.
func (v *viewer) sendSnapshot(ctx context.Context, gap bool) error {
	store, before := v.server.opts.Store, v.last
	began, err := store.Bounds(ctx)
	if err != nil {
		return v.end(err)
	}
	events, truncated, err := v.snapshot(ctx)
	if err != nil {
		return v.end(err)
	}
	ended, err := store.Bounds(ctx)
	if err != nil {
		return v.end(err)
	}
	if gap {
		v.out.message("gap", event.ID{}, object{"after": before.String(), "reason": "entries after this ID are kept no more; a snapshot follows"})
	}
	body := object{"events": v.viewSnapshot(events), "truncated": truncated, "complete": v.server.opts.Catalog.Loaded()}
	v.last, v.covers = began.Last, snapshotSeqs{seqs: make(map[event.ID]int, len(events)), until: ended.Last}
	for i := range events {
		v.covers.seqs[events[i].Event.EventID] = events[i].Seq
	}
	v.out.message("snapshot", v.last, body)
	v.live = false
	return v.out.flush(writeTimeout)
}

func (v *viewer) snapshot(ctx context.Context) (events []records.Kept, truncated bool, err error) {
	if id := v.filter.eventID; !id.IsZero() {
		rec, err := v.server.find(ctx, id, v.who)
		if err != nil {
			if p := asProblem(err); p.Code == "not_found" {
				return nil, false, nil
			}
			return nil, false, err
		}
		return []records.Kept{*rec}, false, nil
	}
	f := catalog.Filter{State: catalog.StateOpen, TaskID: v.filter.taskID, Queues: v.who.Queues, Limit: maxLimit}
	if f.TaskID != "" {
		f.State = catalog.StateAll
	}
	if queue := v.filter.queue; queue != "" {
		if f.Queues = []string{queue}; !v.who.sees(queue) {
			return nil, false, nil
		}
	}
	for {
		page, err := v.server.opts.Catalog.Find(ctx, f)
		if err != nil {
			return nil, false, err
		}
		events, f.Before = append(events, page.Events...), page.Next
		if f.Before.IsZero() || len(events) >= maxSnapshot {
			return events, !f.Before.IsZero(), nil
		}
	}
}

// viewSnapshot has the workers too where the filter is narrow.
func (v *viewer) viewSnapshot(events []records.Kept) []object {
	all := viewEvents(events)
	if v.filter.eventID.IsZero() && v.filter.taskID == "" {
		return all
	}
	for i := range all {
		all[i]["workers"] = viewWorkers(&events[i], v.server.opts.Names)
	}
	return all
}
