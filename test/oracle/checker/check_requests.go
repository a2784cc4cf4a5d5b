package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// inFlight is O5. The log's span of a request lies within the client's, so what overlaps in the log did in flight.
func (t *traces) inFlight() Result {
	limit, note := t.MaxInFlight, ""
	if t.Fault.Killed {
		limit, note = 2*limit, "twice the setting: the API server may still execute requests of a killed process"
	}
	most, at := t.mostInFlight()
	if most > limit {
		return findings{fmt.Sprintf("%d POSTs were in flight at %s, the limit is %d", most, at.Format(time.RFC3339Nano), limit)}.result()
	}
	return Result{State: OK, Note: strings.TrimPrefix(fmt.Sprintf("%s; at most %d of %d", note, most, limit), "; ")}
}

func (t *traces) mostInFlight() (most int, when time.Time) {
	type edge struct {
		at   time.Time
		step int
	}
	var edges []edge
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && r.Verb == "create" && r.Resource == "pods" {
			edges = append(edges, edge{r.Received, 1}, edge{r.Answered, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.step, b.step)) })
	now := 0
	for _, e := range edges {
		if now += e.step; now > most {
			most, when = now, e.at
		}
	}
	return most, when
}

// permissions is O6.
func (t *traces) permissions() Result {
	if len(t.Granted) == 0 {
		return skipped("no permissions given")
	}
	if !t.healthy() {
		return skipped("only for a run without faults")
	}
	var f findings
	used := t.used()
	for _, u := range used {
		if !slices.Contains(t.Granted, u) && !selfReview(u) {
			f.add("used `%s`, which was not granted", u)
		}
	}
	var idle []string
	for _, g := range t.Granted {
		if !slices.Contains(used, g) {
			idle = append(idle, g)
		}
	}
	if len(idle) > 0 && t.Exact {
		f.add("granted and never used: %s", strings.Join(idle, ", "))
	}
	v := f.result()
	if len(idle) > 0 {
		v.Note = "not used here: " + strings.Join(idle, ", ")
	}
	return v
}

// selfReview: every account may review its own permissions; this needs no permission.
func selfReview(what string) bool {
	return what == "create selfsubjectaccessreviews" || what == "create selfsubjectrulesreviews"
}

// namespaces is O7. Non-resource URLs (/version) and self reviews have no namespace.
func (t *traces) namespaces() Result {
	var f findings
	for i := range t.requests {
		r := &t.requests[i]
		if r.User != t.User || r.Resource == "" || selfReview(r.Verb+" "+r.Resource) {
			continue
		}
		if r.Namespace != t.Namespace && r.Namespace != t.LeaseNamespace {
			f.add("outside the namespaces, in %q: %v", r.Namespace, r)
		}
	}
	return f.result()
}

// lookups is O8.
func (t *traces) lookups() Result {
	if !t.healthy() {
		return skipped("only for a run without faults")
	}
	var f findings
	lists, ended := 0, 0
	for i := range t.requests {
		r := &t.requests[i]
		if r.User != t.User || r.Resource != "pods" {
			continue
		}
		switch {
		case r.Verb == "get", r.Verb != "create" && r.Verb != "delete" && oneName(r):
			t.needed(r, &f)
		case r.Verb == "list" && r.query("continue") == "", r.Began && r.query("sendInitialEvents") == "true":
			lists++
		}
		if r.Verb == "watch" && !r.Began {
			ended++
		}
	}
	if lists > 1+ended {
		f.add("%d LISTs of all Pods, although only %d watches ended", lists, ended)
	}
	return f.result()
}

// oneName: a list or a watch of a single Pod.
func oneName(r *request) bool { return strings.Contains(r.query("fieldSelector"), "metadata.name=") }

// needed: a GET of one Pod needs an earlier POST without a 201, a DELETE by another client, a Pod that is gone, or one of which
// the Events were listed: it did not start.
func (t *traces) needed(r *request, f *findings) {
	name := cmp.Or(r.Name, strings.TrimPrefix(r.query("fieldSelector"), "metadata.name="))
	if r.Code == 404 || t.eventsListed(name) {
		return
	}
	for i := range t.requests {
		o := &t.requests[i]
		if o.Name != name || o.Received.After(r.Received) || o.Resource != "pods" {
			continue
		}
		if o.Verb == "create" && o.User == t.User && o.Subresource == "" && o.Code != 201 {
			return
		}
		if o.Verb == "delete" && o.User != t.User && o.ok() {
			return
		}
	}
	f.add("no reason to request a single Pod: %v", r)
}

// eventsListed: the product asked what Kubernetes says about the Pod.
func (t *traces) eventsListed(name string) bool {
	worker, attempt, ok := parsePodName(name)
	p := t.pods[attemptID{worker, attempt}]
	return ok && p != nil && slices.ContainsFunc(t.requests, func(r request) bool {
		uid, about := strings.CutPrefix(r.query("fieldSelector"), "involvedObject.uid=")
		uid, _, _ = strings.Cut(uid, ",")
		return about && r.User == t.User && r.Resource == "events" && r.Verb == "list" && p.UIDs[uid] != nil
	})
}

// denials is O9.
func (t *traces) denials() Result {
	if !t.healthy() {
		return skipped("only for a run without faults")
	}
	var f findings
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && (r.Code == 401 || r.Code == 403) {
			f.add("denied: %v", r)
		}
	}
	return f.result()
}
