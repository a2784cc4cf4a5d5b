//go:build real

package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// Request is one request for Pods, as the API server's audit log has it.
type Request struct {
	User        string
	Verb        string // create, delete, get, list, watch, patch
	Name        string // of the Pod; empty for a list or a watch
	Subresource string // such as status
	Code        int    // the answer's status
	UID         string // the precondition of a delete
	Continued   bool   // a further page of a list

	Received time.Time
	Answered time.Time // completely; of a watch: when it ended
}

// Requests returns what this stack's account asked the API server for, from the audit log: never from the product.
func (s *Stack) Requests() []Request {
	s.t.Helper()
	tail := s.AuditTail()
	defer tail.Close()
	var out []Request
	for _, r := range tail.Next() {
		if r.User == s.User() {
			out = append(out, r)
		}
	}
	return out
}

// User is this stack's account as the audit log calls it.
func (s *Stack) User() string { return "system:serviceaccount:" + s.home + ":ottoscaler" }

// AuditTail follows the audit log from its beginning on, so that what was read is not read again.
func (s *Stack) AuditTail() *AuditTail {
	s.t.Helper()
	f, err := os.Open(s.Cluster.AuditLog)
	if err != nil {
		s.t.Fatal(err)
	}
	return &AuditTail{stack: s, file: f, lines: bufio.NewReaderSize(f, 1<<20)}
}

// AuditTail is a place in the audit log.
type AuditTail struct {
	stack *Stack
	file  *os.File
	lines *bufio.Reader
	part  []byte // of a line that is not written to its end yet
}

// Close ends the following.
func (a *AuditTail) Close() { _ = a.file.Close() }

// Next returns the requests for Pods in the stack's namespace, by whomever, that were answered since the last call.
func (a *AuditTail) Next() []Request {
	a.stack.t.Helper()
	var out []Request
	ours := []byte(`"namespace":"` + a.stack.Namespace + `"`)
	for {
		line, err := a.lines.ReadBytes('\n')
		a.part = append(a.part, line...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			a.stack.t.Fatal(err)
		}
		if r, ok := parse(a.part, ours); ok {
			out = append(out, r)
		}
		a.part = a.part[:0]
	}
}

func parse(line, ours []byte) (Request, bool) {
	if !bytes.Contains(line, ours) {
		return Request{}, false
	}
	var e auditEvent
	if err := json.Unmarshal(line, &e); err != nil || e.Stage != "ResponseComplete" || e.ObjectRef.Resource != "pods" {
		return Request{}, false
	}
	return e.request(), true
}

type auditEvent struct {
	Stage string
	Verb  string
	User  struct{ Username string }

	ObjectRef      struct{ Resource, Name, Subresource string }
	ResponseStatus struct{ Code int }
	RequestObject  struct {
		Preconditions struct{ UID string }
	}
	RequestURI string

	RequestReceivedTimestamp, StageTimestamp time.Time
}

func (e auditEvent) request() Request {
	name := e.ObjectRef.Name
	if strings.Contains(e.RequestURI, "fieldSelector") {
		name = ""
	}
	return Request{
		User: e.User.Username, Verb: e.Verb, Name: name, Subresource: e.ObjectRef.Subresource, Code: e.ResponseStatus.Code,
		UID: e.RequestObject.Preconditions.UID, Continued: strings.Contains(e.RequestURI, "continue="),
		Received: e.RequestReceivedTimestamp, Answered: e.StageTimestamp,
	}
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
