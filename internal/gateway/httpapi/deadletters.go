package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

func viewDeadLetter(l *inspect.DeadLetter) object {
	o := object{
		"id": l.ID, "original_id": l.Original, "reason_code": l.Code, "reason": l.Reason, "fields": l.Fields,
		"code": string(event.ErrCode(l.Code)), "whole": wholeLetter(l),
	}
	o.put("omitted", l.Omitted)
	return o
}

// seesLetter: an entry that names no queue would have been of the default one. Of a letter that is not whole, and of a cancel of an event,
// nobody can tell whose it is: only a token of all queues sees it.
func seesLetter(who *Principal, l *inspect.DeadLetter) bool {
	queue, named := l.Fields[event.FieldQueue]
	unknown := !named && (!wholeLetter(l) || l.Fields[event.FieldEventID] != "")
	return who.Queues == nil || !unknown && who.sees(queueOf(queue))
}

// wholeLetter reports whether all fields of the entry are there.
func wholeLetter(l *inspect.DeadLetter) bool { return l.Omitted == "" && len(l.Fields) > 0 }

func (s *Server) listDeadLetters(r *http.Request, who *Principal) (answer, error) {
	p := query(r, "limit", "cursor")
	limit, before := p.limit(), p.id("cursor")
	if p.err != nil {
		return answer{}, p.err
	}
	found, err := s.opts.Store.DeadLettersBefore(r.Context(), before, limit)
	if err != nil {
		return answer{}, err
	}
	letters := []object{}
	for i := range found {
		if seesLetter(who, &found[i]) {
			letters = append(letters, viewDeadLetter(&found[i]))
		}
	}
	o := object{"dead_letters": letters}
	if len(found) == limit {
		o["next_cursor"] = found[limit-1].ID
	}
	return answer{body: o}, nil
}

func (s *Server) getDeadLetter(r *http.Request, who *Principal) (answer, error) {
	if err := query(r).err; err != nil {
		return answer{}, err
	}
	l, err := s.findDeadLetter(r, who)
	if err != nil {
		return answer{}, err
	}
	return answer{body: viewDeadLetter(l)}, nil
}

func (s *Server) findDeadLetter(r *http.Request, who *Principal) (*inspect.DeadLetter, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return nil, err
	}
	l, err := s.opts.Store.DeadLetter(r.Context(), id)
	if err == nil && (l == nil || !seesLetter(who, l)) {
		err = notFound("there is no dead letter %s", id)
	}
	return l, err
}

// redrive sends the entry of a dead letter again, corrected. An empty value removes a field.
func (s *Server) redrive(r *http.Request, who *Principal) (answer, error) {
	var body struct {
		Set map[string]string `json:"set"`
	}
	if err := errors.Join(query(r).err, readBody(r, &body, true)); err != nil {
		return answer{}, err
	}
	l, err := s.findDeadLetter(r, who)
	if err != nil {
		return answer{}, err
	}
	id, err := s.opts.Store.Redrive(context.WithoutCancel(r.Context()), l.ID, func(fields map[string]string) error {
		return s.correct(r.Context(), who, fields, body.Set)
	})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, location: "/v1/events/" + id.String(), body: object{"event_id": id.String()}}, nil
}

// correct changes fields in place. Its error says why the entry would be rejected again.
func (s *Server) correct(ctx context.Context, who *Principal, fields, set map[string]string) error {
	for name, value := range set {
		if fields[name] = value; value == "" {
			delete(fields, name)
		}
	}
	fields["by"] = who.Name
	e, rejection := event.Check(event.ID{Ms: 1}, fields, s.opts.MaxPods)
	if rejection != nil {
		return rejected(rejection)
	}
	return s.mayAsk(ctx, who, &e)
}
