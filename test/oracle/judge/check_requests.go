package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// inFlight is O5. The log's span of a request lies within the client's, so what overlaps in the log did in flight.
func (t *trial) inFlight() Verdict {
	limit, note := t.MaxInFlight, ""
	if t.Fault.Killed {
		limit, note = 2*limit, "the setting twice: the API server may still work off what a killed process asked for"
	}
	most, at := t.mostInFlight()
	if most > limit {
		return findings{fmt.Sprintf("%d POSTs were in flight at %s, %d may be", most, at.Format(time.RFC3339Nano), limit)}.verdict()
	}
	return Verdict{State: OK, Note: strings.TrimPrefix(fmt.Sprintf("%s; at most %d of %d", note, most, limit), "; ")}
}

func (t *trial) mostInFlight() (most int, when time.Time) {
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

// rights is O6.
func (t *trial) rights() Verdict {
	if len(t.Granted) == 0 {
		return waived("nobody said what was granted")
	}
	if !t.healthy() {
		return waived("only of a healthy run")
	}
	var f findings
	used := t.used()
	for _, u := range used {
		if !slices.Contains(t.Granted, u) && !selfReview(u) {
			f.add("we used `%s`, which was not granted", u)
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
	v := f.verdict()
	if len(idle) > 0 {
		v.Note = "not used here: " + strings.Join(idle, ", ")
	}
	return v
}

// selfReview: everybody may ask what they may do; no right is needed for it.
func selfReview(what string) bool {
	return what == "create selfsubjectaccessreviews" || what == "create selfsubjectrulesreviews"
}

// namespaces is O7. What is no resource (/version) and questions about oneself are nowhere.
func (t *trial) namespaces() Verdict {
	var f findings
	for i := range t.requests {
		r := &t.requests[i]
		if r.User != t.User || r.Resource == "" || selfReview(r.Verb+" "+r.Resource) {
			continue
		}
		if r.Namespace != t.Namespace && r.Namespace != t.LeaseNamespace {
			f.add("outside our namespaces, in %q: %v", r.Namespace, r)
		}
	}
	return f.verdict()
}

// lookups is O8.
func (t *trial) lookups() Verdict {
	if !t.healthy() {
		return waived("only of a healthy run")
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
		f.add("%d LISTs of all Pods, although only %d watches came to an end", lists, ended)
	}
	return f.verdict()
}

// oneName: a list or a watch of a single Pod.
func oneName(r *request) bool { return strings.Contains(r.query("fieldSelector"), "metadata.name=") }

// needed: a look at one Pod needs a POST of it without a good answer, or its being missed.
func (t *trial) needed(r *request, f *findings) {
	name := cmp.Or(r.Name, strings.TrimPrefix(r.query("fieldSelector"), "metadata.name="))
	if r.Code == 404 {
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
	f.add("there was no reason to look at one Pod: %v", r)
}

// denials is O9.
func (t *trial) denials() Verdict {
	if !t.healthy() {
		return waived("only of a healthy run")
	}
	var f findings
	for i := range t.requests {
		if r := &t.requests[i]; r.User == t.User && (r.Code == 401 || r.Code == 403) {
			f.add("denied: %v", r)
		}
	}
	return f.verdict()
}
