package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// announced is what the log has said of the API server's answers: each change is one line, not each answer.
type announced struct {
	refused     map[line]bool // whose Pods are refused
	unavailable bool          // it takes no Pods at all
}

// line is one queue's events of one template.
type line struct{ queue, template string }

func newAnnounced() announced { return announced{refused: make(map[line]bool)} }

// announce logs what an answer has changed.
func (s *state) announce(e *trackedEvent, a queue.Answer, v queue.Verdict, err error) {
	l := line{e.Queue, e.Template}
	switch {
	case v.Opened:
		s.warn(errcode.BreakerOpen, "queue", l.queue, "template", l.template, "cause", a.String(), "error", serverMessage(err))
	case v.Closed && !s.announced.refused[l]:
		s.info("API server accepts Pods of the queue's template again", "queue", l.queue, "template", l.template)
	}
	switch a {
	case queue.Created:
		if s.announced.refused[l] {
			delete(s.announced.refused, l)
			s.info("API server accepts the template's Pods again", "queue", l.queue, "template", l.template)
		}
	case queue.Refused, queue.Quota, queue.Admission:
		if !s.announced.refused[l] {
			s.announced.refused[l] = true
			s.warn(errcode.TemplateParked, "queue", l.queue, "template", l.template, "refusal", serverMessage(err))
		}
	case queue.Conflict:
	default:
		if !s.announced.unavailable {
			s.announced.unavailable = true
			s.warn(errcode.CreateFailed, "error", err)
		}
		return
	}
	if s.announced.unavailable {
		s.announced.unavailable = false
		s.info("API server accepts Pods again")
	}
}
