package httpapi

import (
	"net/http"

	"github.com/ottoscaler/ottoscaler/api"
)

// answer is what a handler returns.
type answer struct {
	status   int // 0: 200
	location string
	body     any
}

// route is one endpoint. Exactly one of handle and stream is set.
type route struct {
	method  string
	pattern string // of http.ServeMux
	verb    Verb
	public  bool // needs no token
	handle  func(r *http.Request, who *Principal) (answer, error)
	stream  func(w http.ResponseWriter, r *http.Request, who *Principal) error
}

// routes are all endpoints. api/openapi.yaml describes each.
func (s *Server) routes() []route {
	return []route{
		{method: http.MethodGet, pattern: "/v1/events", verb: List, handle: s.listEvents},
		{method: http.MethodPost, pattern: "/v1/events", verb: Create, handle: s.sendEvent},
		{method: http.MethodGet, pattern: "/v1/events/{event_id}", verb: Get, handle: s.getEvent},
		{method: http.MethodGet, pattern: "/v1/tasks/{task_id}", verb: List, handle: s.getTask},
		{method: http.MethodGet, pattern: "/v1/workers", verb: List, handle: s.listWorkers},
		{method: http.MethodGet, pattern: "/v1/workers/{worker}", verb: Get, handle: s.getWorker},
		{method: http.MethodGet, pattern: "/v1/queues", verb: List, handle: s.listQueues},
		{method: http.MethodPost, pattern: "/v1/queues/{queue}/pause", verb: Create, handle: s.pauseQueue(true)},
		{method: http.MethodPost, pattern: "/v1/queues/{queue}/resume", verb: Create, handle: s.pauseQueue(false)},
		{method: http.MethodPost, pattern: "/v1/pause", verb: Create, handle: s.pauseAll(true)},
		{method: http.MethodPost, pattern: "/v1/resume", verb: Create, handle: s.pauseAll(false)},
		{method: http.MethodGet, pattern: "/v1/dead-letters", verb: List, handle: s.listDeadLetters},
		{method: http.MethodGet, pattern: "/v1/dead-letters/{id}", verb: Get, handle: s.getDeadLetter},
		{method: http.MethodPost, pattern: "/v1/dead-letters/{id}/redrive", verb: Create, handle: s.redrive},
		{method: http.MethodGet, pattern: "/v1/installation", verb: Get, handle: s.getInstallation},
		{method: http.MethodGet, pattern: "/v1/stream", verb: Watch, stream: s.serveStream},
		{method: http.MethodGet, pattern: "/v1/openapi.yaml", verb: Get, public: true, stream: serveOpenAPI},
	}
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request, _ *Principal) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(api.OpenAPI) // the client may be gone
	return nil
}

// Handler is the API as one handler.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := make(map[string][]string)
	for _, rt := range s.routes() {
		mux.Handle(rt.method+" "+rt.pattern, s.serve(rt))
		methods[rt.pattern] = append(methods[rt.pattern], rt.method)
	}
	for pattern, allowed := range methods {
		mux.Handle(pattern, s.otherMethod(pattern, allowed))
	}
	mux.Handle("/", s.unknown())
	return s.guard(http.NewCrossOriginProtection(), mux)
}

// guard is what every request passes first. Errors of the mux itself, such as a path that is not clean, are redirects.
func (s *Server) guard(origins *http.CrossOriginProtection, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if err := origins.Check(r); err != nil {
			s.refuse(w, "other", problem(http.StatusForbidden, "cross_origin", "request of another origin",
				"Send writes from a program, or from a page of the same origin.", "%v", err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) otherMethod(pattern string, allowed []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, method := range allowed {
			w.Header().Add("Allow", method)
		}
		s.refuse(w, pattern, problem(http.StatusMethodNotAllowed, "method_not_allowed", "method not allowed",
			"See api/openapi.yaml, or GET /v1/openapi.yaml.", "%s is not allowed here", r.Method))
	})
}

func (s *Server) unknown() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(w, "other", problem(http.StatusNotFound, "not_found", "no such endpoint",
			"See api/openapi.yaml, or GET /v1/openapi.yaml.", "there is no endpoint of this path"))
	})
}

// refuse answers and counts.
func (s *Server) refuse(w http.ResponseWriter, pattern string, p *Problem) {
	p.write(w)
	s.opts.Observer.Request(pattern, p.Status)
}

// serve is the way of a request through one route.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.admit(r, rt)
		if err != nil {
			s.refuse(w, rt.pattern, asProblem(err))
			return
		}
		if rt.stream != nil {
			if err := rt.stream(w, r, who); err != nil {
				s.refuse(w, rt.pattern, asProblem(err))
				return
			}
			s.opts.Observer.Request(rt.pattern, http.StatusOK)
			return
		}
		s.serveOne(w, r, rt, who)
	})
}

func (s *Server) serveOne(w http.ResponseWriter, r *http.Request, rt route, who *Principal) {
	a, err := s.handle(w, r, rt, who)
	if err != nil {
		s.refuse(w, rt.pattern, asProblem(err))
		return
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	writeJSON(w, a.status, "application/json", a.body)
	s.opts.Observer.Request(rt.pattern, a.status)
}

// handle works out the answer. It is sent after its place among those in flight is free again: at the client's pace.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, rt route, who *Principal) (answer, error) {
	if rt.method == http.MethodGet && r.ContentLength != 0 {
		return answer{}, invalidBody("a GET takes none")
	}
	select {
	case s.inFlight <- struct{}{}:
		defer func() { <-s.inFlight }()
	default:
		return answer{}, tooMany("busy", "Try again in a second.", "%d requests are in flight", maxInFlight)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return rt.handle(r, who)
}

// admit finds out who sends a request, and whether they may.
func (s *Server) admit(r *http.Request, rt route) (*Principal, error) {
	who := &Principal{Role: Viewer}
	if rt.public {
		return who, s.limit(clientOf(r, who))
	}
	sent, err := bearer(r)
	if err != nil {
		return nil, err
	}
	if who, err = s.opts.Auth.Authenticate(r.Context(), sent, rt.verb); err != nil {
		return nil, err
	}
	if err := s.limit(clientOf(r, who)); err != nil {
		return nil, err
	}
	if rt.verb == Create {
		err = s.mayWrite(who)
	}
	return who, err
}

func (s *Server) limit(client string) error {
	if s.clients.allow(client) {
		return nil
	}
	return tooMany("rate_limited", "Send fewer requests; follow GET /v1/stream in place of polling.",
		"more than %d requests a second of one client", clientRate)
}
