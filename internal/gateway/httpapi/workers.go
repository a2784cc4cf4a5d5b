package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// workerPage is how many events are read for a page of workers: a page may have fewer than asked for, and a next one.
const workerPage = 100

func (s *Server) listWorkers(r *http.Request, who *Principal) (answer, error) {
	p := query(r, "event_id", "task_id", "state", "limit", "cursor")
	id, task, limit := p.id("event_id"), p.task(), p.limit()
	state := p.oneOf("state", "", stateWaiting, "created", "running", "retrying", "succeeded", "failed", "cancelled", "lost", stateUnknown)
	from := readWorkerCursor(p)
	if p.err != nil {
		return answer{}, p.err
	}
	page, err := s.eventsOfWorkers(r, who, id, task, from)
	if err != nil {
		return answer{}, err
	}
	workers, next := collectWorkers(page, from, state, limit, s.opts.Names)
	o := object{"workers": workers, "complete": !id.IsZero() || s.opts.Catalog.Loaded()}
	o.put("next_cursor", next)
	return answer{body: o}, nil
}

// eventsOfWorkers are the events whose workers are listed: one, those of a task, or the open ones.
func (s *Server) eventsOfWorkers(r *http.Request, who *Principal, id event.ID, task string, from workerCursor) (catalog.Page, error) {
	if !id.IsZero() {
		rec, err := s.find(r.Context(), id, who)
		if err != nil {
			return catalog.Page{}, err
		}
		return catalog.Page{Events: []records.Kept{*rec}}, nil
	}
	f := catalog.Filter{
		State: catalog.StateOpen, TaskID: task, Queues: who.Queues, Type: event.ScaleUp, Limit: workerPage, Before: from.before(),
	}
	if task != "" {
		f.State = catalog.StateAll
	}
	return s.opts.Catalog.Find(r.Context(), f)
}

// workerCursor is where a page ended: `<event_id>/<index>`, or the event alone, if it was passed.
type workerCursor struct {
	event  event.ID
	within bool // some of the event's workers are still to come: those from index on
	index  int
}

func readWorkerCursor(p *params) (c workerCursor) {
	v := p.values.Get("cursor")
	if v == "" {
		return c
	}
	idText, index, within := strings.Cut(v, "/")
	id, err := event.ParseID(idText)
	if c.within = within; within && err == nil {
		c.index, err = strconv.Atoi(index)
	}
	if c.event = id; err != nil || c.index < 0 {
		p.fail(invalidParameter("cursor", v, "the next_cursor of a page"))
	}
	return c
}

// before selects the cursor's event too, if some of its workers are still to come.
func (c workerCursor) before() event.ID {
	if c.within {
		return event.ID{Ms: c.event.Ms, Seq: c.event.Seq + 1}
	}
	return c.event
}

// collectWorkers returns up to limit workers of these events after the cursor, and the next cursor; empty: that were all.
func collectWorkers(page catalog.Page, from workerCursor, state string, limit int, names event.Names) (workers []object, next string) {
	workers = []object{}
	for i := range page.Events {
		rec := &page.Events[i]
		if rec.Event.Type != event.ScaleUp {
			continue
		}
		first := 0
		if rec.Event.EventID == from.event {
			first = from.index
		}
		for slot := first; slot < len(rec.Slots); slot++ {
			if state != "" && workerState(rec, &rec.Slots[slot]) != state {
				continue
			}
			if len(workers) == limit {
				return workers, rec.Event.EventID.String() + "/" + strconv.Itoa(slot)
			}
			workers = append(workers, viewWorker(rec, slot+1, names))
		}
	}
	if !page.Next.IsZero() {
		next = page.Next.String()
	}
	return workers, next
}

func (s *Server) getWorker(r *http.Request, who *Principal) (answer, error) {
	if err := query(r).err; err != nil {
		return answer{}, err
	}
	name := r.PathValue("worker")
	id, slot, _, ok := s.opts.Names.Parse(name)
	if !ok {
		return answer{}, notFound("%q is no worker of this installation", text.Ellipsis(name, maxQuoted))
	}
	rec, err := s.find(r.Context(), id, who)
	if err != nil {
		return answer{}, err
	}
	if rec.Event.Type != event.ScaleUp || slot < 1 || slot > len(rec.Slots) {
		return answer{}, notFound("event %s has no worker %d", id, slot)
	}
	history, whole, err := s.opts.Store.HistoryWithin(r.Context(), id, maxHistory)
	if err != nil {
		return answer{}, err
	}
	var own []inspect.StatusEntry
	for _, e := range history {
		if e.Fields["index"] == strconv.Itoa(slot) {
			own = append(own, e)
		}
	}
	workers := make([]object, slot)
	workers[slot-1] = viewWorker(rec, slot, s.opts.Names)
	completeWorkers(workers, own)
	o := workers[slot-1]
	o["history"], o["history_complete"] = viewHistory(own), whole
	return answer{body: o}, nil
}
