package checker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"
)

// request is one line of the audit log: a completed request, or a watch that was opened.
type request struct {
	Line         int
	User         string
	Verb         string
	Resource     string
	Subresource  string
	Namespace    string
	Name         string
	URI          string
	Code         int
	UID          string // of the object, where the log knows it: bindings do
	Precondition string // the UID that a DELETE asked for
	Received     time.Time
	Answered     time.Time
	Began        bool // a watch that was opened; its end is another line
}

// auditEvent is the part of audit.k8s.io/v1 Event that matters here.
type auditEvent struct {
	Stage      string
	Verb       string
	RequestURI string
	User       struct{ Username string }
	ObjectRef  struct{ Resource, Subresource, Namespace, Name, UID string }

	ResponseStatus           struct{ Code int }
	RequestObject            struct{ Preconditions struct{ UID string } }
	RequestReceivedTimestamp time.Time
	StageTimestamp           time.Time
}

// readAudit returns the requests of the run: all by the product's user, and all for Pods in the namespace.
func readAudit(in *Input) ([]request, error) {
	f, err := os.Open(in.AuditLog)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return parseAudit(f, in)
}

func parseAudit(from io.Reader, in *Input) ([]request, error) {
	var out []request
	lines := bufio.NewReaderSize(from, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return out, nil // a line without its end is still being written, by another client's request
		}
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(line, []byte(in.Namespace)) && !bytes.Contains(line, []byte(in.User)) {
			continue
		}
		r, err := parseRequest(line)
		if err != nil {
			return nil, fmt.Errorf("audit line %d: %w", n, err)
		}
		r.Line = n
		if r.relevant(in) {
			out = append(out, r)
		}
	}
}

func parseRequest(line []byte) (request, error) {
	var a auditEvent
	if err := json.Unmarshal(line, &a); err != nil {
		return request{}, err
	}
	if a.Stage == "ResponseStarted" && a.Verb != "watch" {
		return request{}, nil // the line of its end has everything
	}
	o := a.ObjectRef
	return request{
		User: a.User.Username, Verb: a.Verb, Resource: o.Resource, Subresource: o.Subresource, Namespace: o.Namespace,
		Name: o.Name, URI: a.RequestURI, Code: a.ResponseStatus.Code, UID: o.UID,
		Precondition: a.RequestObject.Preconditions.UID, Received: a.RequestReceivedTimestamp, Answered: a.StageTimestamp,
		Began: a.Stage == "ResponseStarted",
	}, nil
}

func (r *request) relevant(in *Input) bool {
	if r.Verb == "" || r.Received.Before(in.From) {
		return false
	}
	return r.User == in.User || r.Namespace == in.Namespace && r.Resource == "pods"
}

// unanswered: the client got no result, and the request may have been carried out.
func (r *request) unanswered() bool { return r.Code == 0 || r.Code >= 500 }

func (r *request) ok() bool { return r.Code >= 200 && r.Code < 300 }

// query returns one query parameter of the request.
func (r *request) query(name string) string {
	u, err := url.Parse(r.URI)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}

func (r *request) String() string {
	what := r.Resource
	if r.Subresource != "" {
		what += "/" + r.Subresource
	}
	if r.Name != "" {
		what += " " + r.Name
	}
	if what == "" {
		what = r.URI
	}
	return fmt.Sprintf("%s %s (audit line %d, answered %d)", r.Verb, what, r.Line, r.Code)
}
