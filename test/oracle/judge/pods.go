package judge

import (
	"slices"
	"time"
)

// pod is what the audit log tells of one attempt's Pod.
type pod struct {
	Place     place
	Attempt   int
	Name      string
	Posts     []*request          // ours
	Created   []*request          // those answered 201
	Foreign   int                 // somebody else's POSTs of that name that were answered 201
	Deletes   []*request          // ours
	Looks     []*request          // our GETs
	Gone      []*request          // anybody's DELETE that was answered 2xx
	UIDs      map[string]*request // where each was first seen
	Sightings []*request          // whatever only an existing Pod explains
}

// slotPod is one (event, slot, attempt).
type slotPod struct {
	Place   place
	Attempt int
}

// readPods sorts what was asked for Pods by whose they are. strange are requests of ours for a Pod that can be nobody's.
func readPods(requests []request, e *Evidence) (pods map[slotPod]*pod, strange []*request) {
	pods = make(map[slotPod]*pod)
	for i := range requests {
		r := &requests[i]
		if r.Resource != "pods" || r.Namespace != e.Namespace || r.Name == "" && r.Verb != "create" {
			continue
		}
		if r.Name == "" && !r.ok() {
			continue // the client was gone before its Pod's name was read
		}
		p, attempt, ok := parsePodName(r.Name)
		if !ok {
			if r.User == e.User && (r.Verb == "create" || r.Verb == "delete") {
				strange = append(strange, r)
			}
			continue
		}
		key := slotPod{p, attempt}
		if pods[key] == nil {
			pods[key] = &pod{Place: p, Attempt: attempt, Name: r.Name, UIDs: make(map[string]*request)}
		}
		pods[key].take(r, r.User == e.User)
	}
	return pods, strange
}

func (p *pod) take(r *request, ours bool) {
	switch {
	case r.Verb == "create" && r.Subresource == "":
		p.created(r, ours)
		return
	case r.Verb == "delete" && r.Subresource == "":
		if ours {
			p.Deletes = append(p.Deletes, r)
		}
		if r.ok() {
			p.Gone = append(p.Gone, r)
			p.uid(r.Precondition, r)
		}
	}
	if ours && r.Verb == "get" {
		p.Looks = append(p.Looks, r)
	}
	if r.ok() && (r.Verb != "list" && r.Verb != "watch") {
		p.Sightings = append(p.Sightings, r)
		p.uid(r.UID, r)
	}
}

func (p *pod) created(r *request, ours bool) {
	switch {
	case !ours && r.ok():
		p.Foreign++
	case !ours:
	case r.Code == 201:
		p.Created = append(p.Created, r)
	case r.Code == 409:
		p.Sightings = append(p.Sightings, r)
	}
	if ours {
		p.Posts = append(p.Posts, r)
	}
}

func (p *pod) uid(uid string, r *request) {
	if uid != "" && p.UIDs[uid] == nil {
		p.UIDs[uid] = r
	}
}

// proofs are the requests that only a Pod of ours explains. Where somebody else made one of that name, sightings prove
// nothing.
func (p *pod) proofs() []*request {
	if p == nil {
		return nil
	}
	if p.Foreign > 0 {
		return p.Created
	}
	return slices.Concat(p.Created, p.Sightings)
}

// existed reports whether there was such a Pod at all.
func (p *pod) existed() bool { return len(p.proofs()) > 0 }

// existedBefore reports whether its existence was proven to somebody before then. A POST without an answer proves nothing
// by itself; where answers may be missing it does, if the Pod is seen later. Of a POST that is missing itself nobody knows
// when it was: only that there was one, if the Pod is seen later.
func (p *pod) existedBefore(then time.Time, fault Fault) bool {
	if slices.ContainsFunc(p.proofs(), func(r *request) bool { return !r.Answered.After(then) }) {
		return true
	}
	if !p.existed() {
		return false
	}
	return fault.LostAudit && len(p.Posts) == 0 || fault.unanswered() && slices.ContainsFunc(p.Posts, func(r *request) bool {
		return r.unanswered() && r.Received.Before(then)
	})
}

// missedBefore reports whether the API server itself had told us by then that it is gone: there was no such Pod, or, as far
// as can be known from here, another one.
func (p *pod) missedBefore(then time.Time) bool {
	if p == nil {
		return false
	}
	another := p.Foreign > 0 || len(p.Created) > 1
	return slices.ContainsFunc(p.Looks, func(r *request) bool {
		return (r.Code == 404 || r.ok() && another) && !r.Answered.After(then)
	})
}

// left reports whether it was created and nobody deleted it afterwards. A DELETE without an answer (we give those in flight
// up when a term ends) may have been carried out; Evidence.Leftover says whether it was. One that is missing itself was, if
// the next one found no Pod.
func (p *pod) left(fault Fault) bool {
	ends := slices.Clone(p.Gone)
	for _, d := range p.Deletes {
		if d.unanswered() || fault.LostAudit && d.Code == 404 {
			ends = append(ends, d)
		}
	}
	return slices.ContainsFunc(p.Created, func(c *request) bool {
		return !slices.ContainsFunc(ends, func(d *request) bool { return d.Answered.After(c.Received) })
	})
}
