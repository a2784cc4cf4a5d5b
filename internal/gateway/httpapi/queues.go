package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const maxReason = 256 // bytes, of a pause

func (s *Server) listQueues(r *http.Request, who *Principal) (answer, error) {
	if err := query(r).err; err != nil {
		return answer{}, err
	}
	views, err := s.opts.Store.Queues(r.Context())
	if err != nil {
		return answer{}, err
	}
	paused, err := s.opts.Store.Paused(r.Context())
	if err != nil {
		return answer{}, err
	}
	views = slices.DeleteFunc(views, func(v worker.QueueView) bool { return !who.sees(v.Name) })
	if views == nil {
		views = []worker.QueueView{}
	}
	return answer{body: object{"queues": views, "paused": visiblePauses(paused, who)}}, nil
}

// visiblePauses are those of the principal's queues, and that of all queues.
func visiblePauses(paused map[string]worker.Paused, who *Principal) map[string]worker.Paused {
	visible := maps.Clone(paused)
	maps.DeleteFunc(visible, func(name string, _ worker.Paused) bool { return name != worker.AllQueues && !who.sees(name) })
	return visible
}

func (s *Server) pauseQueue(on bool) func(r *http.Request, who *Principal) (answer, error) {
	return func(r *http.Request, who *Principal) (answer, error) {
		queue := r.PathValue("queue")
		if !event.ValidQueue(queue) {
			return answer{}, invalidParameter("queue", queue, "1 to 63 of A-Z, a-z, 0-9, '.', '_', '/' and '-', with %2F for '/'")
		}
		if err := mayWriteQueue(who, queue); err != nil {
			return answer{}, err
		}
		return s.command(r, worker.Command{Queue: queue, On: on, By: who.Name})
	}
}

func (s *Server) pauseAll(on bool) func(r *http.Request, who *Principal) (answer, error) {
	return func(r *http.Request, who *Principal) (answer, error) {
		if who.Queues != nil {
			return answer{}, forbidden("%q is bound to queues: it cannot pause or resume all of them", who.Name)
		}
		return s.command(r, worker.Command{Queue: worker.AllQueues, On: on, By: who.Name})
	}
}

// command sends a pause or a resume. The leader applies it within a second; the status stream says when.
func (s *Server) command(r *http.Request, cmd worker.Command) (answer, error) {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := query(r).err; err != nil {
		return answer{}, err
	}
	if err := readBody(r, &body, !cmd.On); err != nil {
		return answer{}, err
	}
	cmd.Reason, cmd.By = body.Reason, text.Line(cmd.By, maxReason)
	switch {
	case cmd.On && strings.TrimSpace(cmd.Reason) == "":
		return answer{}, invalidBody("reason: say why, for those who wait")
	case len(cmd.Reason) > maxReason || cmd.Reason != text.Line(cmd.Reason, maxReason):
		return answer{}, invalidBody("reason: takes at most %d bytes of one line", maxReason)
	}
	id, err := s.opts.Store.Send(context.WithoutCancel(r.Context()), cmd)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusAccepted, body: object{"command_id": id.String(), "queue": cmd.Queue, "paused": cmd.On}}, nil
}
