package worker

import (
	"errors"
	"slices"
)

// The world's wire: requests in flight and their replies.

// serve carries out the i-th POST in flight with the given fate and queues the reply.
func (w *world) serveCreate(i int, fate string) {
	c := w.creates[i]
	w.creates = slices.Delete(w.creates, i, i+1)
	r := created{create: c}
	switch fate {
	case "busy":
		r.err = ErrUnavailable
	case "denied":
		r.err = ErrForbidden
	case "refused":
		r.err = ErrRefused
	case "lost": // never arrives, or later
		w.late = append(w.late, latePost{c.PodSpec, w.now.Add(lateLimit)})
		r.err = ErrUnknown
	case "reply lost":
		_, _ = w.post(c.PodSpec)
		r.err = ErrUnknown
	default:
		r.uid, r.err = w.post(c.PodSpec)
	}
	w.replies = append(w.replies, r)
}

func (w *world) serveRemove(i int, fail bool) {
	c := w.removes[i]
	w.removes = slices.Delete(w.removes, i, i+1)
	r := removed{remove: c}
	switch p := w.pods[c.Name]; {
	case fail:
		r.err = errors.New("no answer")
	case p == nil || p.obs.Ref != c.PodRef:
		r.err = ErrGone
	default:
		w.delete(c.Name)
	}
	w.replies = append(w.replies, r)
}

func (w *world) serveAsk(i int, fail bool) {
	e := w.asks[i]
	w.asks = slices.Delete(w.asks, i, i+1)
	switch e := e.(type) {
	case check:
		r := checked{check: e}
		if p := w.pods[e.Name]; p != nil && (e.UID == "" || p.obs.Ref == e.PodRef) {
			r.pod = copyOf(&p.obs)
			r.pod.Origin = p.spec.Event
		}
		if p := w.pods[e.Name]; p != nil && p.edited() && e.UID == "" {
			r.pod, r.err = nil, ErrNameConflict
		}
		if fail {
			r.pod, r.err = nil, errors.New("no answer")
		}
		w.replies = append(w.replies, r)
	case find:
		r := found{find: e}
		if rec := w.records[e.id]; rec != nil {
			c := w.copyOf(rec)
			r.record = &c
		}
		w.replies = append(w.replies, r)
	}
}

func (w *world) reply(i int) {
	r := w.replies[i]
	w.replies = slices.Delete(w.replies, i, i+1)
	w.feed(r)
}
