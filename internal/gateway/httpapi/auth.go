package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Role is what a token may do.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"
	Operator Role = "operator"
)

// Verb is what a route does, as Kubernetes' RBAC calls it.
type Verb string

// The verbs.
const (
	Get    Verb = "get"
	List   Verb = "list"
	Watch  Verb = "watch"
	Create Verb = "create"
)

// Principal is whoever sends a request.
type Principal struct {
	Name   string // of the token or the user; empty: nobody in particular
	Role   Role
	Queues []string // the only ones that it reads and writes; nil: all
}

// sees reports whether a queue is one of its queues.
func (p *Principal) sees(queue string) bool {
	return p.Queues == nil || slices.Contains(p.Queues, queue)
}

// Authenticator knows who sends a request, and whether they may.
type Authenticator interface {
	// Authenticate returns who has the token; empty: none was sent. The error is a *Problem, or says why nobody can tell.
	Authenticate(ctx context.Context, token string, verb Verb) (*Principal, error)
}

const maxToken = 8 << 10 // bytes: those of Kubernetes have one or two thousand

// bearer is the token of a request; empty: it has none.
func bearer(r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", nil
	}
	kind, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(kind, "bearer") || token == "" || len(token) > maxToken {
		return "", unauthenticated("the header Authorization is not `Bearer TOKEN`")
	}
	return token, nil
}

func unauthenticated(detail string) *Problem {
	p := problem(http.StatusUnauthorized, "unauthenticated", "a valid token is needed",
		"Send `Authorization: Bearer TOKEN`. Whoever runs Ottoscaler gives out tokens: see OTTO_API_TOKENS_FILE and OTTO_API_AUTH.",
		"%s", detail)
	p.challenge = true
	return p
}

// mayWrite are the conditions of every write.
func (s *Server) mayWrite(who *Principal) error {
	switch {
	case !s.opts.Write:
		return problem(http.StatusForbidden, "read_only", "this gateway only reads", "Set OTTO_API_WRITE=true where writes are wanted.",
			"OTTO_API_WRITE is not true")
	case who.Name == "":
		return unauthenticated("writes always need a token")
	case who.Role != Operator:
		return forbidden("%q has the role %s; writes need %s", who.Name, who.Role, Operator)
	}
	return nil
}

// mayWriteQueue is nil where the principal may send work to a queue.
func mayWriteQueue(who *Principal, queue string) error {
	if queue == "" {
		queue = event.DefaultQueue
	}
	if !who.sees(queue) {
		return forbidden("%q may not write to queue %q", who.Name, queue)
	}
	return nil
}

// Open lets everybody read, and nobody write.
type Open struct{}

// Authenticate implements Authenticator.
func (Open) Authenticate(_ context.Context, token string, _ Verb) (*Principal, error) {
	if token != "" {
		return nil, unauthenticated("no tokens are configured here: send none to read")
	}
	return &Principal{Role: Viewer}, nil
}

// Reviewer asks Kubernetes.
type Reviewer interface {
	// Review returns the user that has a token, and whether they may do that with events; an empty user: the token is not valid.
	Review(ctx context.Context, token, verb string) (user string, allowed bool, err error)
}

// Kubernetes lets RBAC decide.
type Kubernetes struct {
	Reviewer  Reviewer
	Namespace string // of the workers
	reviews   reviewCache
	asking    *semaphore.Weighted
}

const maxAsking = 16 // reviews under way: whoever sends a token makes us ask

// NewKubernetes asks through the Reviewer.
func NewKubernetes(r Reviewer, namespace string) *Kubernetes {
	return &Kubernetes{Reviewer: r, Namespace: namespace, asking: semaphore.NewWeighted(maxAsking)}
}

// review asks, and remembers tokens that are valid.
func (k *Kubernetes) review(ctx context.Context, token string, verb Verb) (review, error) {
	if err := k.asking.Acquire(ctx, 1); err != nil {
		return review{}, err
	}
	defer k.asking.Release(1)
	user, allowed, err := k.Reviewer.Review(ctx, token, string(verb))
	verdict := review{user: user, allowed: allowed}
	if err == nil && user != "" {
		k.reviews.add(token, verb, verdict)
	}
	return verdict, err
}

// Authenticate implements Authenticator.
func (k *Kubernetes) Authenticate(ctx context.Context, token string, verb Verb) (*Principal, error) {
	if token == "" {
		return nil, unauthenticated("no token was sent")
	}
	verdict, known := k.reviews.find(token, verb)
	if !known {
		var err error
		if verdict, err = k.review(ctx, token, verb); err != nil {
			return nil, coded(http.StatusServiceUnavailable, errcode.Kubernetes, err)
		}
	}
	switch {
	case verdict.user == "":
		return nil, unauthenticated("Kubernetes does not know this token")
	case !verdict.allowed:
		return nil, forbidden("%q may not %s events.ottoscaler.io in namespace %q; check with: kubectl auth can-i %s events.ottoscaler.io -n %s",
			verdict.user, verb, k.Namespace, verb, k.Namespace)
	}
	role := Viewer
	if verb == Create {
		role = Operator
	}
	return &Principal{Name: verdict.user, Role: role}, nil
}
