package leader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// leaseServer is an API server with one Lease, as strict as the real one: TestLeases (test/integration) compares them.
type leaseServer struct {
	mu      sync.Mutex
	lease   *coordinationv1.Lease
	version int
	uids    int
}

func (s *leaseServer) get() (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		return nil, statusError(404, metav1.StatusReasonNotFound)
	}
	return s.lease.DeepCopy(), nil
}

func (s *leaseServer) put(l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case l.ResourceVersion == "" && s.lease != nil:
		return nil, statusError(409, metav1.StatusReasonAlreadyExists)
	case l.ResourceVersion != "" && (s.lease == nil || s.lease.UID != l.UID || s.lease.ResourceVersion != l.ResourceVersion):
		return nil, statusError(409, metav1.StatusReasonConflict)
	}
	s.lease = l.DeepCopy()
	if l.ResourceVersion == "" {
		s.uids++
		s.lease.UID = types.UID("lease-" + strconv.Itoa(s.uids))
	}
	s.touch()
	return s.lease.DeepCopy(), nil
}

func (s *leaseServer) touch() {
	s.version++
	s.lease.ResourceVersion = strconv.Itoa(s.version)
}

func (s *leaseServer) change(f func(*coordinationv1.Lease)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.lease)
	s.touch()
}

func (s *leaseServer) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = nil
}

func (s *leaseServer) holder() string {
	l, err := s.get()
	if err != nil {
		return ""
	}
	return leaseHolder(&l.Spec)
}

func statusError(code int32, reason metav1.StatusReason) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason}}
}

// link is the network between a contender and the API server, for one request.
type link struct {
	before, after time.Duration // the server gets it, the answer comes back
	err           error         // instead of being sent
	lost          bool          // the answer is lost
	suspended     time.Duration // the process itself, when the answer has arrived
}

// contender is one process that wants the Lease.
type contender struct {
	*Lease
	server *leaseServer
	stop   context.CancelFunc
	done   chan error

	mu    sync.Mutex
	link  func(verb string) link
	verbs []string
	sent  time.Time // the last write that was answered

	leading chan context.Context // of lead, each time it is called
	leave   chan struct{}        // lets lead return after its context has ended

	abortsWhenLost bool // lead returns at once when the Lease is lost
	badStarts      int  // calls of lead without the right to write
}

func newContender(t *testing.T, s *leaseServer, identity string) *contender {
	t.Helper()
	o := Options{Namespace: "ci", Name: "ottoscaler", Identity: identity, Logger: slog.New(slog.DiscardHandler)}
	o.setDefaults()
	c := &contender{server: s, done: make(chan error, 1), leading: make(chan context.Context, 1000), leave: make(chan struct{})}
	c.Lease = &Lease{Options: o, store: c}
	close(c.leave) // at once, unless a test wants otherwise
	return c
}

func (c *contender) start(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go func() { c.done <- c.Run(ctx, c.lead) }()
}

func (c *contender) lead(ctx context.Context) {
	if !c.leads() {
		c.badStarts++
	}
	c.leading <- ctx
	lost := c.Lost()
	if !c.abortsWhenLost {
		lost = nil
	}
	<-ctx.Done()
	select {
	case <-c.leave:
	case <-lost:
	}
}

// end stops the contender and waits.
func (c *contender) end(t *testing.T) {
	t.Helper()
	c.stop()
	if err := <-c.done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

// crash is kill -9: nothing is sent any more. The goroutines are left to end.
func (c *contender) crash() {
	c.set(func(string) link { return link{err: errors.New("dead")} })
	c.stop()
}

func (c *contender) set(f func(verb string) link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = f
}

func (c *contender) takeVerbs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	verbs := c.verbs
	c.verbs = nil
	return verbs
}

func (c *contender) next(verb string) link {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verbs = append(c.verbs, verb)
	if c.link == nil {
		return link{}
	}
	return c.link(verb)
}

func (c *contender) get(ctx context.Context) (*coordinationv1.Lease, error) {
	return c.deliver(ctx, "get", c.server.get)
}

func (c *contender) put(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	verb := "update"
	if l.ResourceVersion == "" {
		verb = "create"
	}
	body, now := l.DeepCopy(), time.Now()
	saved, err := c.deliver(ctx, verb, func() (*coordinationv1.Lease, error) { return c.server.put(body) })
	if err == nil {
		c.sent = now
	}
	return saved, err
}

// deliver delivers a request even when its sender has given up meanwhile: the kernel has it.
func (c *contender) deliver(ctx context.Context, verb string, do func() (*coordinationv1.Lease, error)) (*coordinationv1.Lease, error) {
	w := c.next(verb)
	if err := errors.Join(ctx.Err(), w.err); err != nil {
		return nil, err
	}
	type result struct {
		lease *coordinationv1.Lease
		err   error
	}
	got := make(chan result, 1)
	send := func() {
		time.Sleep(w.before)
		l, err := do()
		time.Sleep(w.after)
		if w.lost {
			err = fmt.Errorf("%s: the answer is lost", http.MethodPut)
		}
		got <- result{l, err}
	}
	if w.before+w.after == 0 {
		send()
	} else {
		go send()
	}
	defer func() { time.Sleep(w.suspended) }()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, r.err
		}
		return r.lease, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// leads reports whether it may write now.
func (c *contender) leads() bool {
	_, ok := c.Until()
	return ok
}
