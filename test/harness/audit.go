//go:build real

package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Request is one request in the API server's audit log.
type Request struct {
	User        string
	Verb        string // create, delete, get, list, watch, patch
	Resource    string // such as pods
	Name        string // of the object; empty for a list or a watch
	Subresource string // such as status
	Code        int    // of the response
	UID         string // the precondition of a delete
	URI         string
	Open        bool // a watch that was opened; its end is another Request

	Received time.Time
	Answered time.Time // completely; of a watch: when it ended
}

// Continued reports whether it asked for a further page of a list.
func (r *Request) Continued() bool { return strings.Contains(r.URI, "continue=") }

// Requests returns the product's requests for Pods, from the audit log.
func (s *Stack) Requests() []Request {
	s.t.Helper()
	return slices.DeleteFunc(s.AllRequests(), func(r Request) bool { return r.Resource != "pods" || r.Open })
}

// AllRequests returns the product's requests for any resource, from the audit log, with those of open watches.
func (s *Stack) AllRequests() []Request {
	s.t.Helper()
	tail := s.AuditTail()
	defer tail.Close()
	user := []byte(s.User())
	return tail.next(func(line []byte) bool { return bytes.Contains(line, user) }, func(r *Request) bool { return r.User == s.User() })
}

// User is this stack's account as the audit log calls it.
func (s *Stack) User() string { return "system:serviceaccount:" + s.mainNamespace + ":ottoscaler" }

// AuditTail follows the audit log from the beginning of this stack.
func (s *Stack) AuditTail() *AuditTail {
	s.t.Helper()
	f, err := os.Open(s.Cluster.AuditLog)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := f.Seek(s.auditStart, io.SeekStart); err != nil {
		s.t.Fatal(err)
	}
	return &AuditTail{stack: s, file: f, lines: bufio.NewReaderSize(f, 1<<20)}
}

// auditSize is the current size of the audit log.
func (c *Cluster) auditSize(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(c.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// AuditTail is a position in the audit log.
type AuditTail struct {
	stack *Stack
	file  *os.File
	lines *bufio.Reader
	part  []byte // of a line that is still being written
}

// Close ends the following.
func (a *AuditTail) Close() { _ = a.file.Close() }

// Next returns the requests for Pods in the stack's namespace, by any user, that were answered since the last call.
func (a *AuditTail) Next() []Request {
	a.stack.t.Helper()
	ours := []byte(`"namespace":"` + a.stack.Namespace + `"`)
	return a.next(func(line []byte) bool { return bytes.Contains(line, ours) }, func(r *Request) bool {
		return r.Resource == "pods" && !r.Open
	})
}

// next parses the lines that may matter, which is slow, and returns the requests to keep.
func (a *AuditTail) next(mayMatter func([]byte) bool, keep func(*Request) bool) []Request {
	a.stack.t.Helper()
	var out []Request
	for {
		line, err := a.lines.ReadBytes('\n')
		a.part = append(a.part, line...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			a.stack.t.Fatal(err)
		}
		if mayMatter(a.part) {
			if r, ok := parseRequest(a.part); ok && keep(&r) {
				out = append(out, r)
			}
		}
		a.part = a.part[:0]
	}
}

func parseRequest(line []byte) (Request, bool) {
	var e auditEvent
	err := json.Unmarshal(line, &e)
	return e.request(), err == nil
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
		User: e.User.Username, Verb: e.Verb, Resource: e.ObjectRef.Resource, Name: name,
		Subresource: e.ObjectRef.Subresource, Code: e.ResponseStatus.Code,
		UID: e.RequestObject.Preconditions.UID, URI: e.RequestURI, Open: e.Stage == "ResponseStarted",
		Received: e.RequestReceivedTimestamp, Answered: e.StageTimestamp,
	}
}

// Count counts requests by verb and Pod name.
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
