package k8s

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/ci/leases"

func readLease(t *testing.T, r *http.Request) *coordinationv1.Lease {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	obj, _, err := serializer.NewCodecFactory(leaseScheme()).UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		t.Error(err)
		return &coordinationv1.Lease{}
	}
	return obj.(*coordinationv1.Lease)
}

// TestLeaseOnTheWire: what is sent, and that a Lease comes back as it went.
func TestLeaseOnTheWire(t *testing.T) {
	var asked []string
	var stored *coordinationv1.Lease
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		switch {
		case r.URL.RawQuery != "":
			t.Errorf("asked for %q", r.URL.RawQuery)
		case r.Method == http.MethodGet && stored == nil:
			answer(w, 404, status(404, metav1.StatusReasonNotFound, "not found"))
			return
		case r.Method != http.MethodGet:
			stored = readLease(t, r)
			stored.TypeMeta = metav1.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"}
			stored.UID, stored.ResourceVersion = "uid-1", "7"
		}
		answer(w, 200, stored)
	}))
	defer server.Close()
	l, err := NewLease(&rest.Config{Host: server.URL}, leaseOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer utilnet.CloseIdleConnectionsFor(l.store.(*apiLease).client.Client.Transport)
	if !l.try(t.Context()) || l.UID() != "uid-1" {
		t.Fatalf("not taken: %v", asked)
	}
	if err := l.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := stored.Spec
	if holder(&s) != "me" || *s.LeaseDurationSeconds != 15 || !mark(&s).Equal(l.acquired) || s.RenewTime.Before(s.AcquireTime) {
		t.Errorf("stored: %+v", s)
	}
	if seen, err := l.read(t.Context()); err != nil || !l.ours(seen) {
		t.Errorf("it comes back as somebody else's: %v, %v", seen, err)
	}
	l.release(t.Context())
	if got := holder(&stored.Spec); got != "" {
		t.Errorf("released, it is held by %q", got)
	}
	one := leasePath + "/ottoscaler"
	want := strings.Join([]string{"GET " + one, "POST " + leasePath, "PUT " + one, "GET " + one, "PUT " + one}, ", ")
	if got := strings.Join(asked, ", "); got != want {
		t.Errorf("asked:\n%s\nwant:\n%s", got, want)
	}
}

func leaseOptions() LeaseOptions {
	return LeaseOptions{Namespace: "ci", Name: "ottoscaler", Identity: "me", Logger: slog.New(slog.DiscardHandler)}
}

func TestNewLeaseRefuses(t *testing.T) {
	for name, change := range map[string]func(*LeaseOptions){
		"no namespace":           func(o *LeaseOptions) { o.Namespace = "" },
		"no name":                func(o *LeaseOptions) { o.Name = "" },
		"no identity":            func(o *LeaseOptions) { o.Identity = "" },
		"deadline over duration": func(o *LeaseOptions) { o.RenewDeadline = leaseDuration },
		"retries too rare":       func(o *LeaseOptions) { o.RetryPeriod = renewDeadline / 2 },
		"too long":               func(o *LeaseOptions) { o.Duration = 2 * time.Hour },
		"negative":               func(o *LeaseOptions) { o.RetryPeriod = -time.Second },
	} {
		o := leaseOptions()
		change(&o)
		if _, err := NewLease(&rest.Config{Host: "http://localhost"}, o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestLeaseName(t *testing.T) {
	if got := LeaseName(event.DefaultInstance, event.DefaultStream); got != "ottoscaler" {
		t.Errorf("the usual one is %q", got)
	}
	other, third := LeaseName("ottoscaler", "another"), LeaseName("another", event.DefaultStream)
	if len(other) != len("ottoscaler-12345") || !strings.HasPrefix(other, "ottoscaler-") || other == third {
		t.Errorf("others are %q and %q", other, third)
	}
	if LeaseName("a", "bc") == LeaseName("ab", "c") {
		t.Error("two installations share a Lease")
	}
}

func TestIdentity(t *testing.T) {
	if got := Identity("pod-1"); got != "pod-1" {
		t.Errorf("the Pod's is %q", got)
	}
	if a, b := Identity(""), Identity(""); a == b || a == "" {
		t.Errorf("two processes are called %q and %q", a, b)
	}
}

// The kernel must have given up what the last allowed write left behind before another can lead.
func TestSocketTimeoutFitsTheLease(t *testing.T) {
	if spare := leaseDuration - renewDeadline; socketTimeout >= spare {
		t.Errorf("the kernel keeps trying for %v, the Lease ends %v after the last write", socketTimeout, spare)
	}
}
