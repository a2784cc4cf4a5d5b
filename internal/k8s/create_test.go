package k8s

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestCreateSendsOnePost(t *testing.T) {
	var requests atomic.Int32
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Method != http.MethodPost || r.URL.Path != podsPath || !strings.HasPrefix(r.UserAgent(), "ottoscaler/test") {
			t.Errorf("%s %s by %s", r.Method, r.URL, r.UserAgent())
		}
		if got := r.Header.Get("Content-Type"); got != protobuf {
			t.Errorf("sent as %s", got)
		}
		want, got := livePod(t), readPod(t, r)
		if d := cmp.Diff(want.Spec, got.Spec); d != "" || got.Name != testName {
			t.Errorf("another Pod %q arrived:\n%s", got.Name, d)
		}
		answer(w, http.StatusCreated, want)
	})
	uid, err := c.Create(t.Context(), testSpec())
	if uid != "uid-1" || err != nil || requests.Load() != 1 {
		t.Errorf("got %q, %v after %d requests", uid, err, requests.Load())
	}
}

// Of what was made the API server is asked for the metadata alone, and that is what it sends.
func TestCreateReadsMetadata(t *testing.T) {
	codecs := serializer.NewCodecFactory(podScheme())
	info, _ := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), protobuf)
	made := &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{Name: testName, UID: "uid-2"},
	}
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); !strings.HasPrefix(got, protobuf+";as=PartialObjectMetadata;g=meta.k8s.io;v=v1,") {
			t.Errorf("asked for %s", got)
		}
		w.Header().Set("Content-Type", protobuf+";as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
		w.WriteHeader(http.StatusCreated)
		if err := info.Serializer.Encode(made, w); err != nil {
			t.Error(err)
		}
	})
	if uid, err := c.Create(t.Context(), testSpec()); uid != "uid-2" || err != nil {
		t.Errorf("got %q, %v", uid, err)
	}
}

func TestCreateErrors(t *testing.T) {
	tests := map[string]struct {
		code   int
		reason metav1.StatusReason
		words  string
		cause  metav1.CauseType
		want   error
	}{
		"quota": {
			403, metav1.StatusReasonForbidden,
			`pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5`, "", worker.ErrRefused,
		},
		"pod security": {
			403, metav1.StatusReasonForbidden,
			`pods "p" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`, "", worker.ErrRefused,
		},
		"admission policy": {
			422, metav1.StatusReasonInvalid,
			`pods "p" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no`, "", worker.ErrRefused,
		},
		"webhook": {
			400, metav1.StatusReasonBadRequest, `admission webhook "x.example.com" denied the request: no`, "", worker.ErrRefused,
		},
		"webhook with a code of its own": {
			500, metav1.StatusReasonInternalError, `admission webhook "x.example.com" denied the request: no`, "", worker.ErrRefused,
		},
		"service account": {
			403, metav1.StatusReasonForbidden,
			`pods "p" is forbidden: error looking up service account ci/x: serviceaccount "x" not found`, "", worker.ErrRefused,
		},
		"invalid": {422, metav1.StatusReasonInvalid, `Pod "p" is invalid: spec.containers[0].image: Required value`, "", worker.ErrRefused},
		"rbac": {
			403, metav1.StatusReasonForbidden,
			`pods is forbidden: User "system:serviceaccount:ci:otto" cannot create resource "pods" in API group "" in the namespace "ci"`, "", worker.ErrForbidden,
		},
		"who are you": {401, metav1.StatusReasonUnauthorized, "Unauthorized", "", worker.ErrForbidden},
		"namespace gone": {
			404, metav1.StatusReasonNotFound, `namespaces "ci" not found`, "", worker.ErrForbidden,
		},
		"namespace terminating": {
			403, metav1.StatusReasonForbidden,
			`pods "p" is forbidden: unable to create new content in namespace ci because it is being terminated`,
			corev1.NamespaceTerminatingCause, worker.ErrForbidden,
		},
		"too many requests": {429, metav1.StatusReasonTooManyRequests, "too many requests", "", worker.ErrUnavailable},
		"quota conflict": {
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on resourcequotas "q"`, "", worker.ErrUnavailable,
		},
		"etcd timed out":       {500, metav1.StatusReasonInternalError, "etcdserver: request timed out", "", worker.ErrUnknown},
		"unavailable":          {503, metav1.StatusReasonServiceUnavailable, "no endpoints", "", worker.ErrUnknown},
		"timed out on its way": {504, metav1.StatusReasonTimeout, "request did not complete within the allotted timeout", "", worker.ErrUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Retry-After", "0")
				answer(w, test.code, status(test.code, test.reason, test.words, metav1.StatusCause{Type: test.cause}))
			})
			_, err := c.Create(t.Context(), testSpec())
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.words) {
				t.Errorf("got %v, want %v with the server's words", err, test.want)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests, want one: trying again is the domain's business", requests.Load())
			}
		})
	}
}

func TestCreateWithoutAnswer(t *testing.T) {
	closed := clientOf(t, "http://"+closedPort(t), testOptions(t))
	if _, err := closed.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnavailable) {
		t.Errorf("connection refused: got %v, want ErrUnavailable: nothing was sent", err)
	}
	cut := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		_ = readPod(t, r)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	})
	if _, err := cut.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnknown) {
		t.Errorf("connection lost: got %v, want ErrUnknown", err)
	}
	entered := make(chan struct{}, 1)
	frozen := newTestClient(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = readPod(t, r)
		entered <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	if _, err := frozen.Create(ctx, testSpec()); !errors.Is(err, worker.ErrUnknown) {
		t.Errorf("cut off: got %v, want ErrUnknown", err)
	}
	html := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("<html>"))
	})
	if _, err := html.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnknown) {
		t.Errorf("no API server: got %v, want ErrUnknown", err)
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestCreateNameTaken(t *testing.T) {
	tests := map[string]struct {
		pod  func() (int, any)
		want error
		uid  string
	}{
		"by us": {func() (int, any) { return 200, livePod(t) }, worker.ErrExists, "uid-1"},
		"by somebody": {func() (int, any) {
			p := livePod(t)
			p.Annotations = nil
			return 200, p
		}, worker.ErrNameConflict, ""},
		"by another instance": {func() (int, any) {
			p := livePod(t)
			p.Labels[keyInstance] = "other"
			return 200, p
		}, worker.ErrNameConflict, ""},
		"and free again": {func() (int, any) { return 404, status(404, metav1.StatusReasonNotFound, "not found") }, worker.ErrUnknown, ""},
		"cannot tell":    {func() (int, any) { return 500, status(500, metav1.StatusReasonInternalError, "oops") }, worker.ErrUnknown, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					answer(w, 409, status(409, metav1.StatusReasonAlreadyExists, `pods "p" already exists`))
					return
				}
				if r.URL.Path != podsPath+"/"+testName || r.URL.RawQuery != "" {
					t.Errorf("GET %s: not consistent, or of another Pod", r.URL)
				}
				code, body := test.pod()
				answer(w, code, body)
			})
			uid, err := c.Create(t.Context(), testSpec())
			if !errors.Is(err, test.want) || uid != test.uid {
				t.Errorf("got %q, %v, want %q, %v", uid, err, test.uid, test.want)
			}
		})
	}
}
