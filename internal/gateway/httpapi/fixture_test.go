package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/api"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestMain(m *testing.M) { redistest.VerifyMain(m) }

const hung = 30 * time.Second

// fixture is an API before a Redis.
type fixture struct {
	*redistest.Fixture

	t       *testing.T
	server  *Server
	http    *httptest.Server
	catalog *catalog.Catalog
	hub     *hub.Hub
	counted *observer
}

type testStore struct {
	*inspect.Reader

	client *redis.Client
}

func (s testStore) Send(ctx context.Context, cmd worker.Command) (event.ID, error) {
	return control.Send(ctx, s.client, redistest.Stream, cmd)
}

// observer counts dropped viewers.
type observer struct {
	mu      sync.Mutex
	dropped []string
}

func (*observer) Request(string, int) {}
func (*observer) Viewers(int)         {}
func (o *observer) Dropped(reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dropped = append(o.dropped, reason)
}

// fakeTokens know a few.
type fakeTokens map[string]Principal

func (f fakeTokens) Authenticate(_ context.Context, token string, _ Verb) (*Principal, error) {
	p, known := f[token]
	if !known {
		return nil, unauthenticated("this token is not known")
	}
	return &p, nil
}

func tokens() fakeTokens {
	return fakeTokens{
		"":         {Role: Viewer},
		"viewer":   {Name: "vic", Role: Viewer},
		"operator": {Name: "ann", Role: Operator},
		"web":      {Name: "wes", Role: Operator, Queues: []string{"web"}},
	}
}

// serve starts an API before a fresh Redis, and waits until it knows its events.
func serve(t *testing.T, f *redistest.Fixture, change func(o *Options)) *fixture {
	t.Helper()
	reader := inspect.NewReader(f.Client, redistest.Stream, redistest.Group)
	h := hub.New(hub.Options{Source: reader, Logger: slog.New(slog.DiscardHandler)})
	c := catalog.New(reader, h)
	counted := &observer{}
	o := Options{
		Version: "test", Write: true, MaxPods: 1000, Names: event.NewNames(event.DefaultInstance, event.DefaultStream),
		Auth: tokens(), Store: testStore{reader, f.Client}, Hub: h, Catalog: c, Observer: counted, Logger: slog.New(slog.DiscardHandler),
		Installed: func(context.Context) Installation { return Installation{Version: "test"} },
	}
	if change != nil {
		change(&o)
	}
	s := New(o)
	fx := &fixture{Fixture: f, t: t, server: s, catalog: c, hub: h, counted: counted, http: httptest.NewServer(s.Handler())}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	running.Go(func() { _ = c.Run(ctx) })
	t.Cleanup(func() {
		fx.http.CloseClientConnections()
		fx.http.Close()
		cancel()
		running.Wait()
	})
	fx.await("the catalog", c.Loaded)
	return fx
}

func (f *fixture) await(what string, done func() bool) {
	f.t.Helper()
	for end := time.Now().Add(hung); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("waited for %s", what)
		}
	}
}

// request is one to send.
type request struct {
	method, path, token, body string
	header                    map[string]string
}

// do sends a request, checks the answer against api/openapi.yaml and returns its status and body.
func (f *fixture) do(r request) (int, map[string]any) {
	f.t.Helper()
	resp := f.send(f.t.Context(), r)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(b, &body); err != nil {
		f.t.Fatalf("%s %s: %d %s: %v", r.method, r.path, resp.StatusCode, b, err)
	}
	pattern := f.pattern(r)
	if pattern == "" { // no endpoint
		pattern, r.method = "/v1/events", http.MethodGet
	}
	checkAnswer(f.t, r.method, pattern, resp, body)
	return resp.StatusCode, body
}

func (f *fixture) send(ctx context.Context, r request) *http.Response {
	f.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, r.method, f.http.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		f.t.Fatal(err)
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := f.http.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp
}

// pattern is that of the route that a request takes; empty: none.
func (f *fixture) pattern(r request) string {
	mux := http.NewServeMux()
	for _, rt := range f.server.routes() {
		mux.HandleFunc(rt.method+" "+rt.pattern, func(http.ResponseWriter, *http.Request) {})
	}
	_, pattern := mux.Handler(httptest.NewRequest(max(r.method, "GET"), r.path, http.NoBody))
	_, pattern, _ = strings.Cut(pattern, " ")
	return pattern
}

const schemaURL = "https://ottoscaler.invalid/openapi.json"

// document is api/openapi.yaml, and its schemas: those of OpenAPI 3.1 are JSON Schema.
var document = sync.OnceValues(func() (map[string]any, *jsonschema.Compiler) {
	asJSON, err := yaml.YAMLToJSON(api.OpenAPI)
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		panic(err)
	}
	return doc.(map[string]any), c
})

var escaper = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B")

// checkAnswer holds an answer against the document: its status, its media type and its body.
func checkAnswer(t *testing.T, method, pattern string, resp *http.Response, body any) {
	t.Helper()
	_, compiler := document()
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	pointer := "#/components/schemas/Problem"
	if resp.StatusCode < 300 {
		status := resp.Status[:3]
		pointer = "#/paths/" + escaper.Replace(pattern) + "/" + strings.ToLower(max(method, "GET")) + "/responses/" + status
		if strings.HasSuffix(pattern, "pause") || strings.HasSuffix(pattern, "resume") {
			pointer = "#/components/responses/Command"
		}
		pointer += "/content/" + escaper.Replace(media) + "/schema"
	} else if media != problemMedia {
		t.Errorf("%s %s: %s is of type %q", method, pattern, resp.Status, media)
	}
	schema, err := compiler.Compile(schemaURL + pointer)
	if err != nil {
		t.Errorf("%s %s: %s is not documented: %v", method, pattern, resp.Status, err)
		return
	}
	if err := schema.Validate(body); err != nil {
		t.Errorf("%s %s: %v\n%v", method, pattern, err, body)
	}
}

// TestEveryRouteIsDocumented: the routes and api/openapi.yaml are the same list.
func TestEveryRouteIsDocumented(t *testing.T) {
	doc, _ := document()
	var want, got []string
	for pattern, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			want = append(want, strings.ToUpper(method)+" "+pattern)
		}
	}
	s := &Server{}
	for _, rt := range s.routes() {
		got = append(got, rt.method+" "+rt.pattern)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("documented %v\nserved     %v", want, got)
	}
}
