package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxHistory bounds the status entries that are read for one event's history: those of others in between count too.
const maxHistory = 20_000

func (s *Server) listEvents(r *http.Request, who *Principal) (answer, error) {
	p := query(r, "state", "task_id", "queue", "type", "limit", "cursor")
	f := catalog.Filter{
		State:  catalog.State(p.oneOf("state", "open", "open", "closed", "all")),
		TaskID: p.task(),
		Type:   event.Type(p.oneOf("type", "", string(event.ScaleUp), string(event.ScaleDown), string(event.Cancel))),
		Before: p.id("cursor"), Limit: p.limit(),
	}
	queues, sees := p.queues(who)
	if p.err != nil {
		return answer{}, p.err
	}
	if f.Queues = queues; !sees {
		return answer{body: object{"events": []object{}, "complete": true}}, nil
	}
	page, err := s.opts.Catalog.Find(r.Context(), f)
	if err != nil {
		return answer{}, err
	}
	return answer{body: s.viewPage(page)}, nil
}

// viewPage says whether the list may lack events: right after the start.
func (s *Server) viewPage(page catalog.Page) object {
	o := object{"events": viewEvents(page.Events), "complete": s.opts.Catalog.Loaded()}
	if !page.Next.IsZero() {
		o["next_cursor"] = page.Next.String()
	}
	return o
}

func viewEvents(recs []records.Kept) []object {
	all := make([]object, 0, len(recs))
	for i := range recs {
		all = append(all, viewEvent(&recs[i]))
	}
	return all
}

// find returns a record that the principal may see.
func (s *Server) find(ctx context.Context, id event.ID, who *Principal) (*records.Kept, error) {
	found, err := s.opts.Store.FindAll(ctx, []event.ID{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0] == nil || !who.sees(queueOf(found[0].Event.Queue)) {
		return nil, notFound("event %s has no record", id)
	}
	return found[0], nil
}

func (s *Server) getEvent(r *http.Request, who *Principal) (answer, error) {
	id, err := pathID(r, "event_id")
	if err := errors.Join(err, query(r).err); err != nil {
		return answer{}, err
	}
	rec, err := s.find(r.Context(), id, who)
	if err != nil {
		return answer{}, err
	}
	history, whole, err := s.opts.Store.HistoryWithin(r.Context(), id, maxHistory)
	if err != nil {
		return answer{}, err
	}
	o, workers := viewEvent(rec), viewWorkers(rec, s.opts.Names)
	completeWorkers(workers, history)
	o["workers"], o["history"], o["history_complete"] = workers, viewHistory(history), whole
	if len(rec.Victims) > 0 {
		o["victims"] = viewVictims(rec, s.opts.Names)
	}
	return answer{body: o}, nil
}

// viewVictims are the names of the workers that a scale_down takes.
func viewVictims(rec *records.Kept, names event.Names) []string {
	all := make([]string, 0, len(rec.Victims))
	for _, v := range rec.Victims {
		all = append(all, names.Worker(v.Event, v.Slot))
	}
	return all
}

func (s *Server) getTask(r *http.Request, who *Principal) (answer, error) {
	p := query(r, "limit", "cursor")
	f := catalog.Filter{State: catalog.StateAll, TaskID: r.PathValue("task_id"), Queues: who.Queues, Before: p.id("cursor"), Limit: p.limit()}
	if !event.ValidTaskID(f.TaskID) {
		p.fail(invalidParameter("task_id", f.TaskID, "at most 128 bytes of UTF-8 without control characters"))
	}
	if p.err != nil {
		return answer{}, p.err
	}
	page, err := s.opts.Catalog.Find(r.Context(), f)
	if err != nil {
		return answer{}, err
	}
	if len(page.Events) == 0 && page.Next.IsZero() && f.Before.IsZero() && s.opts.Catalog.Loaded() {
		return answer{}, notFound("no event of task %q is known", text.Ellipsis(f.TaskID, maxQuoted))
	}
	o := s.viewPage(page)
	o["task_id"] = f.TaskID
	return answer{body: o}, nil
}

// sendEvent is XADD with the rules of the stream asked first.
func (s *Server) sendEvent(r *http.Request, who *Principal) (answer, error) {
	fields, err := readEntry(r)
	if err != nil {
		return answer{}, err
	}
	fields["by"] = who.Name
	e, rejection := event.Check(event.ID{Ms: 1}, fields, s.opts.MaxPods)
	if rejection != nil {
		return answer{}, rejected(rejection)
	}
	if err := s.mayAsk(r.Context(), who, &e); err != nil {
		return answer{}, err
	}
	id, err := s.opts.Store.Add(r.Context(), fields)
	if err != nil {
		p := asProblem(err)
		if e.IdempotencyKey == "" {
			p.Fix = "The entry may be in the stream: only with an Idempotency-Key is it safe to send it again. " + p.Fix
		}
		return answer{}, p
	}
	return answer{status: http.StatusAccepted, location: "/v1/events/" + id.String(), body: object{"event_id": id.String()}}, nil
}

// mayAsk: a token that is bound to queues sends work to these, and cancels no event of another. A cancel of an event names no queue.
func (s *Server) mayAsk(ctx context.Context, who *Principal, e *event.Event) error {
	if who.Queues == nil || e.Target.IsZero() {
		return mayWriteQueue(who, e.Queue)
	}
	_, err := s.find(ctx, e.Target, who)
	return err
}

// readEntry returns the fields of an entry from a JSON object: numbers and booleans become text.
func readEntry(r *http.Request) (map[string]string, error) {
	if err := query(r).err; err != nil {
		return nil, err
	}
	var body map[string]any
	if err := readBody(r, &body, false); err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(body)+2)
	for name, value := range body {
		switch v := value.(type) {
		case string:
			fields[name] = v
		case json.Number:
			fields[name] = v.String()
		case bool:
			fields[name] = strconv.FormatBool(v)
		default:
			return nil, invalidBody("%q: takes a string, a number, true or false", text.Ellipsis(name, maxQuoted))
		}
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		if own := fields[event.FieldIdempotencyKey]; own != "" && own != key {
			return nil, invalidBody("the header Idempotency-Key and the field %s differ", event.FieldIdempotencyKey)
		}
		fields[event.FieldIdempotencyKey] = key
	}
	return fields, nil
}
