package checker

import (
	"slices"
	"time"
)

// pod is what the audit log has about one attempt's Pod.
type pod struct {
	Worker   workerID
	Attempt  int
	Name     string
	Posts    []*request          // by the product
	Created  []*request          // of those, the ones answered 201
	Foreign  int                 // POSTs of that name by others that were answered 201
	Deletes  []*request          // by the product
	Gets     []*request          // by the product
	Gone     []*request          // DELETEs and evictions by any client answered 2xx
	UIDs     map[string]*request // where each was first seen
	Observed []*request          // requests whose result only an existing Pod explains
}

// attemptID is one (event, slot, attempt).
type attemptID struct {
	Worker  workerID
	Attempt int
}

// readPods groups the requests for Pods by attempt. unmatched are the product's requests for Pods whose names belong to no
// event.
func readPods(requests []request, in *Input) (pods map[attemptID]*pod, unmatched []*request) {
	pods = make(map[attemptID]*pod)
	for i := range requests {
		r := &requests[i]
		if r.Resource != "pods" || r.Namespace != in.Namespace || r.Name == "" && r.Verb != "create" {
			continue
		}
		if r.Name == "" && !r.ok() {
			continue // the client disconnected before its Pod's name was read
		}
		p, attempt, ok := parsePodName(r.Name)
		if !ok {
			if r.User == in.User && (r.Verb == "create" || r.Verb == "delete") {
				unmatched = append(unmatched, r)
			}
			continue
		}
		key := attemptID{p, attempt}
		if pods[key] == nil {
			pods[key] = &pod{Worker: p, Attempt: attempt, Name: r.Name, UIDs: make(map[string]*request)}
		}
		pods[key].add(r, r.User == in.User)
	}
	return pods, unmatched
}

func (p *pod) add(r *request, ours bool) {
	switch {
	case r.Verb == "create" && r.Subresource == "":
		p.created(r, ours)
		return
	case r.Verb == "create" && r.Subresource == "eviction" && r.ok(): // the API server deletes it itself
		p.Gone = append(p.Gone, r)
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
		p.Gets = append(p.Gets, r)
	}
	if r.ok() && (r.Verb != "list" && r.Verb != "watch") {
		p.Observed = append(p.Observed, r)
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
		p.Observed = append(p.Observed, r)
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

// proofs are the requests that only a Pod of the product explains. If another client created one of that name, Observed
// proves nothing.
func (p *pod) proofs() []*request {
	if p == nil {
		return nil
	}
	if p.Foreign > 0 {
		return p.Created
	}
	return slices.Concat(p.Created, p.Observed)
}

// existed reports whether there ever was such a Pod.
func (p *pod) existed() bool { return len(p.proofs()) > 0 }

// existedBefore reports whether a response proved its existence before then. A POST without a response proves nothing by
// itself; where responses may be lost it does, if the Pod is observed later. A POST missing from the audit log has no time:
// it counts if the Pod is observed later.
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

// absentBefore reports whether the API server had confirmed by then that the Pod is gone: it found none, or, as far as the
// log shows, another one.
func (p *pod) absentBefore(then time.Time) bool {
	if p == nil {
		return false
	}
	another := p.Foreign > 0 || len(p.Created) > 1
	return slices.ContainsFunc(p.Gets, func(r *request) bool {
		return (r.Code == 404 || r.ok() && another) && !r.Answered.After(then)
	})
}

// leftOver reports whether it was created and not deleted afterwards. A DELETE without a response (the product drops those in
// flight when a term ends) may have been carried out; Input.Leftover says whether it was. One missing from the audit log
// was, if the next one found no Pod.
func (p *pod) leftOver(fault Fault) bool {
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
