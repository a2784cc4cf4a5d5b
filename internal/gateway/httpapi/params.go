package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	maxBody      = 64 << 10 // bytes
	maxQuoted    = 64       // bytes of a value in an error
	maxName      = 128      // bytes
	defaultLimit = 50
	maxLimit     = 200
)

// params read the query of a request. The first problem is kept.
type params struct {
	values url.Values
	err    error
}

// query refuses parameters that the endpoint does not have: a misspelled filter must not select everything.
func query(r *http.Request, known ...string) *params {
	p := &params{values: r.URL.Query()}
	for name, values := range p.values {
		switch {
		case !slices.Contains(known, name):
			takes := "no parameters"
			if len(known) > 0 {
				takes = strings.Join(known, ", ")
			}
			p.fail(invalidParameter("query", name, takes))
		case len(values) > 1:
			p.fail(invalidParameter(name, values[1], "one value"))
		}
	}
	return p
}

func (p *params) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *params) oneOf(name, otherwise string, values ...string) string {
	v := p.values.Get(name)
	if v == "" {
		return otherwise
	}
	if !slices.Contains(values, v) {
		p.fail(invalidParameter(name, v, strings.Join(values, ", ")))
	}
	return v
}

func (p *params) limit() int {
	v := p.values.Get("limit")
	if v == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		p.fail(invalidParameter("limit", v, "a number from 1 to "+strconv.Itoa(maxLimit)))
	}
	return n
}

// id is zero where the parameter is not there.
func (p *params) id(name string) event.ID {
	v := p.values.Get(name)
	if v == "" {
		return event.ID{}
	}
	id, err := event.ParseID(v)
	if err != nil {
		p.fail(invalidParameter(name, v, "<milliseconds>-<sequence>"))
	}
	return id
}

func (p *params) task() string {
	v := p.values.Get("task_id")
	if !event.ValidTaskID(v) {
		p.fail(invalidParameter("task_id", v, "at most 128 bytes of UTF-8 without control characters"))
	}
	return v
}

// queues are those to read: the wanted one, all of the token's, or nil for all. Not ok: the token sees none of them.
func (p *params) queues(who *Principal) (queues []string, ok bool) {
	v := p.values.Get("queue")
	switch {
	case v == "":
		return who.Queues, true
	case !event.ValidQueue(v):
		p.fail(invalidParameter("queue", v, "the name of a queue"))
	}
	return []string{v}, who.sees(v)
}

func pathID(r *http.Request, name string) (event.ID, error) {
	id, err := event.ParseID(r.PathValue(name))
	if err != nil || id.IsZero() {
		return event.ID{}, invalidParameter(name, r.PathValue(name), "<milliseconds>-<sequence>")
	}
	return id, nil
}

// readBody decodes the only JSON value of the body into v. An empty body leaves v alone where it may be left out.
func readBody(r *http.Request, v any, optional bool) error {
	b, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return problem(http.StatusRequestEntityTooLarge, "too_large", "request body too large", "Send less; keep large inputs elsewhere.",
			"the body has more than %d bytes", maxBody)
	}
	if err != nil {
		return invalidBody("reading it: %v", err)
	}
	if len(b) == 0 && optional {
		return nil
	}
	if media := r.Header.Get("Content-Type"); !isJSON(media) {
		return problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "not JSON", "Send Content-Type: application/json.",
			"Content-Type is %q", text.Ellipsis(media, maxQuoted))
	}
	decoder := json.NewDecoder(strings.NewReader(string(b)))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return invalidBody("%v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return invalidBody("more than one JSON value")
	}
	return nil
}

func isJSON(media string) bool {
	kind, _, _ := strings.Cut(media, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}
