package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Problem is an error answer, as of RFC 9457.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	Code       string `json:"code"`
	ReasonCode string `json:"reason_code,omitempty"` // of an entry that is no event
	Fix        string `json:"fix,omitempty"`

	retryAfter string // seconds
	challenge  bool   // names the kind of token
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

const (
	maxDetail    = 1 << 10 // bytes
	problemMedia = "application/problem+json"
)

// problems are those without an error code of the product, by their own.
func problem(status int, code, title, fix, format string, args ...any) *Problem {
	return &Problem{
		Type: "about:blank", Status: status, Code: code, Title: title, Fix: fix, Detail: text.Head(fmt.Sprintf(format, args...), maxDetail),
	}
}

func coded(status int, c errcode.Code, err error) *Problem {
	entry := c.Entry()
	return &Problem{
		Type: "about:blank", Status: status, Code: string(c), Title: entry.Message, Fix: entry.Fix, Detail: text.Head(err.Error(), maxDetail),
	}
}

func invalidParameter(name, got, takes string) *Problem {
	return problem(http.StatusBadRequest, "invalid_parameter", "invalid parameter", "Correct the parameter.",
		"%s: got %q, takes %s", name, text.Ellipsis(got, maxQuoted), takes)
}

func invalidBody(format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, "invalid_body", "invalid request body", "Send one JSON object as api/openapi.yaml says.",
		format, args...)
}

func notFound(format string, args ...any) *Problem {
	return problem(http.StatusNotFound, "not_found", "not found",
		"Check the ID. Records expire OTTO_RECORD_TTL after their event closed, and a token that is bound to queues sees only these.",
		format, args...)
}

func forbidden(format string, args ...any) *Problem {
	return problem(http.StatusForbidden, "forbidden", "not allowed", "Use a token that may do this, or ask whoever gave you this one.",
		format, args...)
}

// rejected is about an entry that the leader would reject.
func rejected(r *event.Rejection) *Problem {
	p := coded(http.StatusUnprocessableEntity, event.ErrCode(r.Code), errors.New(strings.TrimSpace(r.Reason)))
	p.ReasonCode = r.Code
	return p
}

// tooMany is the answer to a client that asks too often, or for too much at once.
func tooMany(code, fix, format string, args ...any) *Problem {
	p := problem(http.StatusTooManyRequests, code, "too many requests", fix, format, args...)
	p.retryAfter = "1"
	return p
}

// asProblem translates an error. What has no translation is Redis' failure: nothing else is asked.
func asProblem(err error) *Problem {
	p, ok := errors.AsType[*Problem](err)
	switch {
	case ok:
		return p
	case errors.Is(err, worker.ErrUnreadable):
		return coded(http.StatusInternalServerError, errcode.RecordUnreadable, err)
	case errors.Is(err, inspect.ErrNoDeadLetter):
		return notFound("%v", err)
	case errors.Is(err, inspect.ErrChanged), errors.Is(err, inspect.ErrNotWhole):
		return problem(http.StatusConflict, "conflict", "not redriven", "Read the dead letter again; send one that is not whole anew.", "%v", err)
	}
	p = coded(http.StatusServiceUnavailable, errcode.Redis, err)
	p.retryAfter = "2"
	return p
}

func (p *Problem) write(w http.ResponseWriter) {
	header := w.Header()
	if p.retryAfter != "" {
		header.Set("Retry-After", p.retryAfter)
	}
	if p.challenge {
		header.Set("WWW-Authenticate", `Bearer realm="ottoscaler"`)
	}
	writeJSON(w, p.Status, problemMedia, p)
}

// writeJSON sends a body on one line. The client may be gone: then nobody misses the rest.
func writeJSON(w http.ResponseWriter, status int, media string, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer cannot be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
