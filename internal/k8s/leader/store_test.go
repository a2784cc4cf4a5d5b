package leader

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

const leasePath = "/apis/coordination.k8s.io/v1/namespaces/ci/leases"

func readLease(t *testing.T, r *http.Request) *coordinationv1.Lease {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	obj, _, err := serializer.NewCodecFactory(newScheme()).UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		t.Error(err)
		return &coordinationv1.Lease{}
	}
	return obj.(*coordinationv1.Lease)
}

// TestLeaseRequests: what is sent, and that a Lease is read back as it was written.
func TestLeaseRequests(t *testing.T) {
	var requests []string
	var stored *coordinationv1.Lease
	access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.Path)
		switch {
		case r.URL.RawQuery != "":
			t.Errorf("query %q", r.URL.RawQuery)
		case r.Method == http.MethodGet && stored == nil:
			k8stest.Answer(w, 404, k8stest.Status(404, metav1.StatusReasonNotFound, "not found"))
			return
		case r.Method != http.MethodGet:
			stored = readLease(t, r)
			stored.TypeMeta = metav1.TypeMeta{Kind: "Lease", APIVersion: "coordination.k8s.io/v1"}
			stored.UID, stored.ResourceVersion = "uid-1", "7"
		}
		k8stest.Answer(w, 200, stored)
	})
	l, err := New(access, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if !l.tryAcquire(t.Context()) || l.UID() != "uid-1" {
		t.Fatalf("not taken: %v", requests)
	}
	if err := l.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := stored.Spec
	if leaseHolder(&s) != "me" || *s.LeaseDurationSeconds != 15 || !acquireTime(&s).Equal(l.acquired) || s.RenewTime.Before(s.AcquireTime) {
		t.Errorf("stored: %+v", s)
	}
	if seen, err := l.read(t.Context()); err != nil || !l.isOwn(seen) {
		t.Errorf("it is read back as another's: %v, %v", seen, err)
	}
	l.release(t.Context())
	if got := leaseHolder(&stored.Spec); got != "" {
		t.Errorf("released, it is held by %q", got)
	}
	one := leasePath + "/ottoscaler"
	want := strings.Join([]string{"GET " + one, "POST " + leasePath, "PUT " + one, "GET " + one, "PUT " + one}, ", ")
	if got := strings.Join(requests, ", "); got != want {
		t.Errorf("requests:\n%s\nwant:\n%s", got, want)
	}
}

func testOptions() Options {
	return Options{Namespace: "ci", Name: "ottoscaler", Identity: "me", Logger: slog.New(slog.DiscardHandler)}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no namespace":           func(o *Options) { o.Namespace = "" },
		"no name":                func(o *Options) { o.Name = "" },
		"no identity":            func(o *Options) { o.Identity = "" },
		"deadline over duration": func(o *Options) { o.RenewDeadline = leaseDuration },
		"retries too rare":       func(o *Options) { o.RetryPeriod = renewDeadline / 2 },
		"too long":               func(o *Options) { o.Duration = 2 * time.Hour },
		"negative":               func(o *Options) { o.RetryPeriod = -time.Second },
	} {
		o := testOptions()
		change(&o)
		if _, err := New(&rest.Config{Host: "http://localhost"}, o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The kernel must have discarded the last allowed write before another process can lead.
func TestSocketTimeoutFitsTheLease(t *testing.T) {
	if spare := leaseDuration - renewDeadline; k8s.SocketTimeout >= spare {
		t.Errorf("the kernel retries for %v, the Lease ends %v after the last write", k8s.SocketTimeout, spare)
	}
}
