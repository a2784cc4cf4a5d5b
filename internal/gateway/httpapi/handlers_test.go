package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

const (
	openID   = "1756659802903-0"
	webID    = "1756659802904-0"
	closedID = "1756659802905-0"
	stamped  = "2025-08-31T17:03:22.999Z"
)

// fill writes an open event, one of the queue web, a closed one and two dead letters, as `run` does.
func fill(t *testing.T, f *redistest.Fixture) {
	t.Helper()
	f.Do(t, "SADD", f.Keys.Open(), openID, webID)
	record := func(id string, more ...any) {
		f.Do(t, append([]any{"HSET", f.Keys.Event(redistest.MustID(t, id)), "type", "scale_up", "pod_count", "2", "hash", "00", "accepted_at", stamped, "seq", "2"}, more...)...)
	}
	record(openID, "task_id", "task-1", "m:branch", "main", "s1", fmt.Sprintf("1 running uid node-1 - - %d", 1756659803000))
	record(webID, "task_id", "task-2", "m:queue", "web")
	record(closedID, "task_id", "task-1", "settled", stamped, "closed", stamped, "n_succeeded", "1", "n_failed", "1", "n_cancelled", "0", "n_lost", "0", "outcomes", "s f:137:OOMKilled#2")
	status := func(id, kind string, more ...any) {
		f.Do(t, append([]any{"XADD", f.Keys.Status(), "*", "kind", kind, "event_id", id, "at", stamped, "queue", "default"}, more...)...)
	}
	status(openID, "accepted", "seq", 1, "task_id", "task-1")
	status(closedID, "accepted", "seq", 1, "task_id", "task-1")
	status(closedID, "worker", "seq", 2, "task_id", "task-1", "index", 2, "state", "failed", "node", "node-7", "message", "out of memory", "exit_code", 137)
	status(closedID, "closed", "seq", 3, "task_id", "task-1", "n_succeeded", 1, "n_failed", 1, "n_cancelled", 0, "n_lost", 0)
	f.Do(t, "XADD", f.Keys.Dead(), "5-0", "original_id", "4-0", "reason_code", "invalid_pod_count", "reason", "pod_count is 0", "f:type", "scale_up", "f:pod_count", "0")
	f.Do(t, "XADD", f.Keys.Dead(), "6-0", "original_id", "4-1", "reason_code", "too_large", "reason", "too large", "omitted", "3", "f:queue", "web")
}

// answerCase is a request and what its answer has, as Go prints it, and has not.
type answerCase struct {
	request
	status    int
	want, not string
}

// TestAnswers: what each endpoint answers to whom; do holds each answer against api/openapi.yaml.
func TestAnswers(t *testing.T) {
	mini := redistest.Mini(t)
	fill(t, mini)
	f := serve(t, mini, nil)
	for _, cases := range []map[string]answerCase{reads(), sends(), commands()} {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) {
				f.t = t
				status, got := f.do(test.request)
				text := fmt.Sprint(got)
				if status != test.status || !strings.Contains(text, test.want) || test.not != "" && strings.Contains(text, test.not) {
					t.Errorf("got %d %s", status, text)
				}
			})
		}
	}
}

func reads() map[string]answerCase {
	return map[string]answerCase{
		"open events":             {request{path: "/v1/events"}, 200, "event_id:" + webID, closedID},
		"closed events":           {request{path: "/v1/events?state=closed"}, 200, "event_id:" + closedID, openID},
		"of a type":               {request{path: "/v1/events?type=cancel&state=all"}, 200, "events:[]", openID},
		"of a queue":              {request{path: "/v1/events?queue=web"}, 200, webID, openID},
		"a page":                  {request{path: "/v1/events?state=all&limit=2"}, 200, "next_cursor:" + webID, openID},
		"the next page":           {request{path: "/v1/events?state=all&limit=2&cursor=" + webID}, 200, openID, "next_cursor"},
		"a wrong limit":           {request{path: "/v1/events?limit=0"}, 400, "limit", ""},
		"a misspelled filter":     {request{path: "/v1/events?limits=1"}, 400, "limits", ""},
		"a bound token":           {request{path: "/v1/events?state=all", token: "web"}, 200, webID, openID},
		"a bound token, queue":    {request{path: "/v1/events?queue=default", token: "web"}, 200, "events:[]", openID},
		"an event":                {request{path: "/v1/events/" + closedID}, 200, "node:node-7", ""},
		"another's event":         {request{path: "/v1/events/" + openID, token: "web"}, 404, "not_found", "task-1"},
		"no event":                {request{path: "/v1/events/1-1"}, 404, "not_found", ""},
		"no ID":                   {request{path: "/v1/events/x"}, 400, "invalid_parameter", ""},
		"a task":                  {request{path: "/v1/tasks/task-1"}, 200, closedID, webID},
		"no task":                 {request{path: "/v1/tasks/task-9"}, 404, "not_found", ""},
		"workers":                 {request{path: "/v1/workers"}, 200, "state:running", closedID},
		"workers of an event":     {request{path: "/v1/workers?event_id=" + closedID}, 200, "OOMKilled", openID},
		"workers in a state":      {request{path: "/v1/workers?task_id=task-1&state=failed"}, 200, "OOMKilled", "running"},
		"a page of workers":       {request{path: "/v1/workers?event_id=" + closedID + "&limit=1"}, 200, "next_cursor:" + closedID + "/1", "OOMKilled"},
		"the next workers":        {request{path: "/v1/workers?event_id=" + closedID + "&cursor=" + closedID + "/1"}, 200, "OOMKilled", "succeeded"},
		"a worker":                {request{path: "/v1/workers/otto-agent-2-" + closedID}, 200, "message:out of memory", ""},
		"a worker by its Pod":     {request{path: "/v1/workers/otto-agent-2-" + closedID + "-r2"}, 200, "index:2", ""},
		"no worker":               {request{path: "/v1/workers/nginx"}, 404, "not_found", ""},
		"too high a worker":       {request{path: "/v1/workers/otto-agent-3-" + closedID}, 404, "not_found", ""},
		"queues":                  {request{path: "/v1/queues"}, 200, "queues:[]", ""},
		"dead letters":            {request{path: "/v1/dead-letters"}, 200, "original_id:4-1", ""},
		"dead letters of a queue": {request{path: "/v1/dead-letters", token: "web"}, 200, "original_id:4-1", "4-0"},
		"a dead letter":           {request{path: "/v1/dead-letters/5-0"}, 200, "whole:true", ""},
		"another's dead letter":   {request{path: "/v1/dead-letters/5-0", token: "web"}, 404, "not_found", ""},
		"installation":            {request{path: "/v1/installation"}, 200, "healthy:true", ""},
		"unknown path":            {request{path: "/v2/events"}, 404, "no such endpoint", ""},
		"another method":          {request{method: "DELETE", path: "/v1/events"}, 405, "method_not_allowed", ""},
		"an unknown token":        {request{path: "/v1/events", token: "guess"}, 401, "unauthenticated", ""},
		"no bearer":               {request{path: "/v1/events", header: map[string]string{"Authorization": "Basic x"}}, 401, "unauthenticated", ""},
	}
}

func sends() map[string]answerCase {
	return map[string]answerCase{
		"sent":              {request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":3,"urgent":true}`}, 202, "event_id", ""},
		"sent with a key":   {request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":3}`, header: map[string]string{"Idempotency-Key": "k"}}, 202, "event_id", ""},
		"two keys":          {request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":3,"idempotency_key":"a"}`, header: map[string]string{"Idempotency-Key": "k"}}, 400, "invalid_body", ""},
		"rejected":          {request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":"many"}`}, 422, "reason_code:invalid_pod_count", ""},
		"nested":            {request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":{}}`}, 400, "invalid_body", ""},
		"no JSON":           {request{method: "POST", path: "/v1/events", token: "operator", body: `type=scale_up`}, 400, "invalid_body", ""},
		"two values":        {request{method: "POST", path: "/v1/events", token: "operator", body: `{} {}`}, 400, "more than one", ""},
		"not as JSON":       {request{method: "POST", path: "/v1/events", token: "operator", body: `{}`, header: map[string]string{"Content-Type": "text/plain"}}, 415, "unsupported_media_type", ""},
		"too much":          {request{method: "POST", path: "/v1/events", token: "operator", body: `{"x":"` + strings.Repeat("x", maxBody) + `"}`}, 413, "too_large", ""},
		"by a viewer":       {request{method: "POST", path: "/v1/events", token: "viewer", body: `{}`}, 403, "forbidden", ""},
		"by nobody":         {request{method: "POST", path: "/v1/events", body: `{}`}, 401, "unauthenticated", ""},
		"to another queue":  {request{method: "POST", path: "/v1/events", token: "web", body: `{"type":"scale_up","pod_count":1}`}, 403, "forbidden", ""},
		"to its queue":      {request{method: "POST", path: "/v1/events", token: "web", body: `{"type":"scale_up","pod_count":1,"queue":"web"}`}, 202, "event_id", ""},
		"another's cancel":  {request{method: "POST", path: "/v1/events", token: "web", body: `{"type":"cancel","event_id":"` + openID + `"}`}, 404, "not_found", ""},
		"its own cancel":    {request{method: "POST", path: "/v1/events", token: "web", body: `{"type":"cancel","event_id":"` + webID + `"}`}, 202, "event_id", ""},
		"of another origin": {request{method: "POST", path: "/v1/events", token: "operator", body: `{}`, header: map[string]string{"Sec-Fetch-Site": "cross-site"}}, 403, "cross_origin", ""},
	}
}

func commands() map[string]answerCase {
	return map[string]answerCase{
		"pause":                {request{method: "POST", path: "/v1/queues/web/pause", token: "web", body: `{"reason":"registry is down"}`}, 202, "paused:true", ""},
		"pause, no reason":     {request{method: "POST", path: "/v1/queues/web/pause", token: "web", body: `{}`}, 400, "reason", ""},
		"pause another":        {request{method: "POST", path: "/v1/queues/default/pause", token: "web", body: `{"reason":"x"}`}, 403, "forbidden", ""},
		"pause all, bound":     {request{method: "POST", path: "/v1/pause", token: "web", body: `{"reason":"x"}`}, 403, "forbidden", ""},
		"pause all":            {request{method: "POST", path: "/v1/pause", token: "operator", body: `{"reason":"x"}`}, 202, "queue:*", ""},
		"resume all":           {request{method: "POST", path: "/v1/resume", token: "operator"}, 202, "paused:false", ""},
		"resume":               {request{method: "POST", path: "/v1/queues/team%2Fweb/resume", token: "operator"}, 202, "queue:team/web", ""},
		"redrive, still bad":   {request{method: "POST", path: "/v1/dead-letters/5-0/redrive", token: "operator"}, 422, "invalid_pod_count", ""},
		"redrive, not whole":   {request{method: "POST", path: "/v1/dead-letters/6-0/redrive", token: "operator"}, 409, "conflict", ""},
		"redrive another's":    {request{method: "POST", path: "/v1/dead-letters/5-0/redrive", token: "web"}, 404, "not_found", ""},
		"redrive to nowhere":   {request{method: "POST", path: "/v1/dead-letters/9-0/redrive", token: "operator"}, 404, "not_found", ""},
		"stream, wrong resume": {request{path: "/v1/stream?last_event_id=x"}, 400, "last_event_id", ""},
	}
}

// TestSends: what arrives in Redis is what a producer would send, with the token's name.
func TestSends(t *testing.T) {
	mini := redistest.Mini(t)
	fill(t, mini)
	f := serve(t, mini, nil)
	f.do(request{
		method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":3,"by":"mallory"}`,
		header: map[string]string{"Idempotency-Key": "k"},
	})
	f.do(request{method: "POST", path: "/v1/pause", token: "operator", body: `{"reason":"upgrade"}`})
	if status, _ := f.do(request{method: "POST", path: "/v1/dead-letters/5-0/redrive", token: "operator", body: `{"set":{"pod_count":"2"}}`}); status != http.StatusAccepted {
		t.Errorf("redrive: %d", status)
	}
	dump := f.Dump(t)
	entries, _ := f.Raw.XRange(t.Context(), redistest.Stream, "-", "+").Result()
	if len(entries) != 2 || fmt.Sprint(entries[0].Values) != "map[by:ann idempotency_key:k pod_count:3 type:scale_up]" ||
		fmt.Sprint(entries[1].Values) != "map[by:ann pod_count:2 type:scale_up]" {
		t.Errorf("entries %v", entries)
	}
	if got := fmt.Sprint(dump[f.Keys.Control()]); got != "[map[by:ann on:true queue:* reason:upgrade]]" {
		t.Errorf("commands %s", got)
	}
}

// TestReadOnly: without OTTO_API_WRITE no token writes.
func TestReadOnly(t *testing.T) {
	f := serve(t, redistest.Mini(t), func(o *Options) { o.Write = false })
	for _, rt := range f.server.routes() {
		if rt.verb != Create {
			continue
		}
		path := strings.NewReplacer("{queue}", "web", "{id}", "5-0").Replace(rt.pattern)
		if status, body := f.do(request{method: rt.method, path: path, token: "operator", body: "{}"}); status != 403 || body["code"] != "read_only" {
			t.Errorf("%s: %d %v", rt.pattern, status, body)
		}
	}
}

// TestRateLimit: one client is held back, another is not.
func TestRateLimit(t *testing.T) {
	f := serve(t, redistest.Mini(t), nil)
	limited := false
	for range 3 * clientBurst {
		status, _ := f.do(request{path: "/v1/queues", token: "viewer"})
		limited = limited || status == http.StatusTooManyRequests
	}
	if status, _ := f.do(request{path: "/v1/queues", token: "operator"}); !limited || status != http.StatusOK {
		t.Errorf("limited %v, another %d", limited, status)
	}
}

// TestRedisAway: an answer says what is missing.
func TestRedisAway(t *testing.T) {
	mini := redistest.Mini(t)
	f := serve(t, mini, nil)
	_ = mini.Client.Close()
	if status, body := f.do(request{path: "/v1/dead-letters"}); status != 503 || body["code"] != "OTTO104" {
		t.Errorf("%d %v", status, body)
	}
}
