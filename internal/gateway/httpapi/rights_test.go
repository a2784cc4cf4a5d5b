package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// recorder is a connection whose deadlines are kept.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) SetWriteDeadline(time.Time) error { return nil }

// TestBusyViewer: one for whom there is always more is asked who it is, and told of the stop, all the same.
func TestBusyViewer(t *testing.T) {
	f := serve(t, redistest.Mini(t), nil)
	f.tell(11, 12, 13)
	f.await("the entries", func() bool { return f.hub.Last() == redistest.MustID(t, "13-0") })
	beat := make(chan time.Time, 1)
	step := func(auth fakeTokens) (*viewer, string, error) {
		f.server.opts.Auth = auth
		w := recorder{httptest.NewRecorder()}
		v := &viewer{
			server: f.server, who: &Principal{Name: "wes", Role: Viewer}, token: "web", out: newEventWriter(w), last: redistest.MustID(t, "11-0"),
		}
		err := v.step(context.Background(), beat)
		return v, w.Body.String(), err
	}
	if _, text, err := step(tokens()); err != nil || !strings.Contains(text, "id: 13-0") {
		t.Errorf("no heartbeat: %q, %v", text, err)
	}
	beat <- time.Now()
	if v, _, err := step(tokens()); err != nil || len(v.who.Queues) != 1 {
		t.Errorf("narrower rights: %+v, %v", v.who, err)
	}
	beat <- time.Now()
	if _, text, err := step(fakeTokens{}); !errors.Is(err, errLeft) || !strings.Contains(text, "goodbye") {
		t.Errorf("a revoked token: %q, %v", text, err)
	}
	close(f.server.stopping)
	if _, text, err := step(tokens()); !errors.Is(err, errLeft) || !strings.Contains(text, stopReason) {
		t.Errorf("the stop: %q, %v", text, err)
	}
}

// TestPages: whatever the size of a page, the pages together have everything once.
func TestPages(t *testing.T) {
	mini := redistest.Mini(t)
	fill(t, mini)
	f := serve(t, mini, nil)
	for path, want := range map[string]int{"/v1/workers?": 4, "/v1/events?state=all&": 3, "/v1/events?state=all&type=scale_up&": 3, "/v1/events?type=cancel&": 0} {
		list, id := "workers", "worker"
		if strings.HasPrefix(path, "/v1/events") {
			list, id = "events", "event_id"
		}
		for limit := 1; limit <= 5; limit++ {
			seen := make(map[any]bool)
			n := 0
			for cursor, pages := "", 0; pages < 10; pages++ {
				_, page := f.do(request{path: fmt.Sprintf("%slimit=%d%s", path, limit, cursor), token: "viewer"})
				for _, item := range page[list].([]any) {
					seen[item.(map[string]any)[id]] = true
					n++
				}
				if page["next_cursor"] == nil {
					break
				}
				cursor = fmt.Sprint("&cursor=", page["next_cursor"])
			}
			if len(seen) != want || n != want {
				t.Errorf("%s limit %d: %d of %d, %d different", path, limit, n, want, len(seen))
			}
		}
	}
}

// TestBoundLetters: a token that is bound to queues sees no letter of which nobody can tell whose it is.
func TestBoundLetters(t *testing.T) {
	dead := func(omitted string, fields ...string) *inspect.DeadLetter {
		l := &inspect.DeadLetter{Omitted: omitted, Fields: make(map[string]string)}
		for i := 0; i < len(fields); i += 2 {
			l.Fields[fields[i]] = fields[i+1]
		}
		return l
	}
	for name, c := range map[string]struct {
		entry              *inspect.DeadLetter
		byDefault, web, op bool
	}{
		"of no queue":              {dead("", "type", "scale_up"), true, false, true},
		"of a queue":               {dead("", "queue", "web"), false, true, true},
		"of a queue, not whole":    {dead("3", "queue", "web"), false, true, true},
		"not whole":                {dead("3", "a", "b"), false, false, true},
		"without fields":           {dead(""), false, false, true},
		"a cancel of an event":     {dead("", "type", "cancel", "event_id", "1-0"), false, false, true},
		"of a queue with bad name": {dead("", "queue", "a b"), false, false, true},
	} {
		for who, want := range map[*Principal]bool{{Queues: []string{"default"}}: c.byDefault, {Queues: []string{"web"}}: c.web, {}: c.op} {
			if got := seesLetter(who, c.entry); got != want {
				t.Errorf("%s: %v sees it: %v", name, who.Queues, got)
			}
		}
	}
}

// TestBodyOfGet: reading it would hold a place for as long as the client likes.
func TestBodyOfGet(t *testing.T) {
	f := serve(t, redistest.Mini(t), nil)
	if status, got := f.do(request{path: "/v1/events", token: "viewer", body: "{}"}); status != http.StatusBadRequest {
		t.Errorf("got %d %v", status, got)
	}
}
