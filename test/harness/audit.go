//go:build real

package harness

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
)

// Request is one request of the product for Pods, as the API server's audit log has it.
type Request struct {
	Verb string // create, delete, get, list, watch
	Name string // of the Pod; empty for a list or a watch
	Code int    // the answer's status
	UID  string // the precondition of a delete
}

// Requests returns what this stack's account asked the API server for, from the audit log: never from the product.
func (s *Stack) Requests() []Request {
	s.t.Helper()
	f, err := os.Open(s.Cluster.AuditLog)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []Request
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e auditEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // the last line may be half written
		}
		if e.User.Username == s.user() && e.Stage == "ResponseComplete" && e.ObjectRef.Resource == "pods" {
			out = append(out, e.request())
		}
	}
	if err := lines.Err(); err != nil {
		s.t.Fatal(err)
	}
	return out
}

type auditEvent struct {
	Stage string
	Verb  string
	User  struct{ Username string }

	ObjectRef      struct{ Resource, Name string }
	ResponseStatus struct{ Code int }
	RequestObject  struct {
		Preconditions struct{ UID string }
	}
	RequestURI string
}

func (e auditEvent) request() Request {
	name := e.ObjectRef.Name
	if strings.Contains(e.RequestURI, "fieldSelector") {
		name = ""
	}
	return Request{Verb: e.Verb, Name: name, Code: e.ResponseStatus.Code, UID: e.RequestObject.Preconditions.UID}
}

// Count returns how many requests there were by verb and Pod name.
func Count(requests []Request) map[string]map[string]int {
	count := make(map[string]map[string]int)
	for _, r := range requests {
		if count[r.Verb] == nil {
			count[r.Verb] = make(map[string]int)
		}
		count[r.Verb][r.Name]++
	}
	return count
}
