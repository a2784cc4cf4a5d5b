package worker

import (
	"errors"
	"slices"
)

// serveCreate carries out the i-th POST in flight with the given fate and queues the reply.
func (m *model) serveCreate(i int, fate string) {
	c := m.creates[i]
	m.creates = slices.Delete(m.creates, i, i+1)
	r := created{create: c}
	switch fate {
	case "unavailable":
		r.err = ErrUnavailable
	case "forbidden":
		r.err = ErrForbidden
	case "refused":
		m.refused[c.Event.EventID]++
		r.err = ErrRefused
	case "quota":
		m.refused[c.Event.EventID]++
		r.err = ErrQuota
	case "admission":
		m.refused[c.Event.EventID]++
		r.err = ErrAdmission
	case "request lost": // never carried out, or later
		m.late = append(m.late, latePost{c.PodSpec, m.now.Add(lateLimit)})
		r.err = ErrUnknown
	case "reply lost":
		_, _ = m.createPod(c.PodSpec)
		r.err = ErrUnknown
	case "relabelled", "relabelled, reply lost": // by admission: no watch shows it
		if r.uid, r.err = m.createPod(c.PodSpec); r.err == nil {
			m.watched = m.watched[:len(m.watched)-1]
			m.pods[c.Name].unlabelled, r.err = true, ErrExists
			if fate != "relabelled" {
				r.uid, r.err = "", ErrUnknown
			}
		}
	default:
		r.uid, r.err = m.createPod(c.PodSpec)
	}
	m.replies = append(m.replies, r)
}

func (m *model) serveRemove(i int, fail bool) {
	c := m.removes[i]
	m.removes = slices.Delete(m.removes, i, i+1)
	r := removed{remove: c}
	switch p := m.pods[c.Name]; {
	case fail:
		r.err = errors.New("timeout")
	case p == nil || p.obs.Ref != c.PodRef:
		r.err = ErrGone
	default:
		m.deletePod(c.Name)
	}
	m.replies = append(m.replies, r)
}

func (m *model) serveRequest(i int, fail bool) {
	e := m.requests[i]
	m.requests = slices.Delete(m.requests, i, i+1)
	switch e := e.(type) {
	case check:
		r := checked{check: e}
		if p := m.pods[e.Name]; p != nil && (e.UID == "" || p.obs.Ref == e.PodRef) {
			r.pod = copyOf(&p.obs)
			r.pod.Origin = p.spec.Event
		}
		if p := m.pods[e.Name]; p != nil && p.unreadable && e.UID == "" {
			r.pod, r.err = nil, ErrNameConflict
		}
		if fail {
			r.pod, r.err = nil, errors.New("timeout")
		}
		m.replies = append(m.replies, r)
	case find:
		r := found{find: e}
		if rec := m.records[e.id]; rec != nil {
			c := m.copyOf(rec)
			r.record = &c
		}
		m.replies = append(m.replies, r)
	}
}

func (m *model) deliverReply(i int) {
	r := m.replies[i]
	m.replies = slices.Delete(m.replies, i, i+1)
	m.step(r)
}
