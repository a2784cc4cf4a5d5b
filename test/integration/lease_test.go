//go:build real

package integration

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
)

const (
	leaseDuration = 3 * time.Second
	renewDeadline = 2 * time.Second
	retryPeriod   = 200 * time.Millisecond
	slack         = 2 * time.Second // for two busy cores
)

// candidate is one process that wants the Lease, over a transport that the test can freeze.
type candidate struct {
	*leader.Lease
	frozen  atomic.Bool
	leading chan context.Context // of each term
	stop    context.CancelFunc
	done    chan error
}

// freezableTransport blocks requests while it is frozen.
type freezableTransport struct {
	frozen *atomic.Bool
	next   http.RoundTripper
}

func (i freezableTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if i.frozen.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return i.next.RoundTrip(r)
}

func startCandidate(t *testing.T, p testNamespace, name, identity string) *candidate {
	t.Helper()
	c := &candidate{leading: make(chan context.Context, 100), done: make(chan error, 1)}
	config := rest.CopyConfig(p.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return freezableTransport{&c.frozen, next} })
	var err error
	c.Lease, err = leader.New(config, leader.Options{
		Namespace: p.namespace, Name: name, Identity: identity, Duration: leaseDuration, RenewDeadline: renewDeadline,
		RetryPeriod: retryPeriod, Version: "test", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go func() {
		c.done <- c.Run(ctx, func(ctx context.Context) {
			c.leading <- ctx
			<-ctx.Done()
		})
	}()
	t.Cleanup(stop)
	return c
}

// leads waits until the candidate leads, and returns the context of its term.
func (c *candidate) leads(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	select {
	case ctx := <-c.leading:
		return ctx
	case <-time.After(limit):
		t.Fatalf("%s does not lead after %v", c.Identity, limit)
		return nil
	}
}

func (c *candidate) end(t *testing.T) {
	t.Helper()
	c.stop()
	if err := <-c.done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

func wantStandby(t *testing.T, c *candidate) {
	t.Helper()
	if _, ok := c.Until(); ok || len(c.leading) > 0 {
		t.Errorf("%s leads too", c.Identity)
	}
}

// TestLeases: the election with the real API server and the product's permissions.
func TestLeases(t *testing.T) {
	p := newNamespace(t)
	for name, test := range map[string]func(*testing.T, testNamespace){
		"released":      takenWhenReleased,
		"frozen":        takenWhenExpired,
		"same-identity": takenByTheSameAtOnce,
		"deleted":       lostWhenDeleted,
		"labelled":      keptWhenLabelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

func takenWhenReleased(t *testing.T, p testNamespace) {
	a := startCandidate(t, p, "released", "a")
	a.leads(t, slack)
	b := startCandidate(t, p, "released", "b")
	time.Sleep(leaseDuration + slack) // a standby must not lead however long it waits
	wantStandby(t, b)
	a.end(t)
	released := time.Now()
	b.leads(t, slack)
	if d := time.Since(released); d > retryPeriod+slack/4 {
		t.Errorf("acquired %v after the release, want within the retry period", d)
	}
	if a.UID() == "" || a.UID() != b.UID() {
		t.Errorf("the UIDs are %q and %q", a.UID(), b.UID())
	}
	b.end(t)
}

func takenWhenExpired(t *testing.T, p testNamespace) {
	a := startCandidate(t, p, "frozen", "a")
	ctx := a.leads(t, slack)
	b := startCandidate(t, p, "frozen", "b")
	time.Sleep(renewDeadline)
	a.frozen.Store(true)
	frozen := time.Now()
	<-ctx.Done()
	over := time.Now()
	if _, ok := a.Until(); ok || !errors.Is(context.Cause(ctx), leader.ErrLost) {
		t.Errorf("the cause of the end is %v, may write: %v", context.Cause(ctx), ok)
	}
	wantStandby(t, b)
	b.leads(t, leaseDuration+slack)
	if d := time.Since(over); d < leaseDuration-renewDeadline-retryPeriod {
		t.Errorf("acquired %v after the end of the old term, want at least the margin", d)
	}
	if d := time.Since(frozen); d > leaseDuration+retryPeriod+slack/2 {
		t.Errorf("acquired %v after the leader froze", d)
	}
	a.frozen.Store(false)
	time.Sleep(slack)
	wantStandby(t, a)
	a.end(t)
	b.end(t)
}

func takenByTheSameAtOnce(t *testing.T, p testNamespace) {
	a := startCandidate(t, p, "same-identity", "pod-1")
	a.leads(t, slack)
	time.Sleep(renewDeadline / 2)
	a.frozen.Store(true) // it crashed, and its container is restarted in the same Pod
	began := time.Now()
	again := startCandidate(t, p, "same-identity", "pod-1")
	again.leads(t, slack)
	if d := time.Since(began); d > leaseDuration/2 {
		t.Errorf("it waited %v for its own Lease", d)
	}
	a.end(t)
	again.end(t)
}

func lostWhenDeleted(t *testing.T, p testNamespace) {
	a := startCandidate(t, p, "deleted", "a")
	ctx, uid := a.leads(t, slack), a.UID()
	p.kubectl("delete", "lease", "deleted")
	select {
	case <-ctx.Done():
	case <-time.After(slack):
		t.Fatal("the leader continues")
	}
	if !errors.Is(context.Cause(ctx), leader.ErrLost) {
		t.Errorf("the cause of the end is %v", context.Cause(ctx))
	}
	a.leads(t, slack)
	if a.UID() == uid {
		t.Errorf("the new Lease has the UID of the old one, %q", uid)
	}
	a.end(t)
}

func keptWhenLabelled(t *testing.T, p testNamespace) {
	a := startCandidate(t, p, "labelled", "a")
	ctx := a.leads(t, slack)
	p.kubectl("label", "lease", "labelled", "seen=yes")
	time.Sleep(2 * renewDeadline)
	if _, ok := a.Until(); !ok || ctx.Err() != nil {
		t.Errorf("a label ended it: %v", context.Cause(ctx))
	}
	a.end(t)
}
