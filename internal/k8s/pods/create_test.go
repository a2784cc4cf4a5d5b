package pods

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestCreateSendsOnePost(t *testing.T) {
	var requests atomic.Int32
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Method != http.MethodPost || r.URL.Path != podsPath || !strings.HasPrefix(r.UserAgent(), "ottoscaler/test") {
			t.Errorf("%s %s by %s", r.Method, r.URL, r.UserAgent())
		}
		if got := r.Header.Get("Content-Type"); got != runtime.ContentTypeProtobuf {
			t.Errorf("sent as %s", got)
		}
		want, got := livePod(t), decodeBody(t, r).(*corev1.Pod)
		if d := cmp.Diff(want.Spec, got.Spec); d != "" || got.Name != testName {
			t.Errorf("another Pod %q arrived:\n%s", got.Name, d)
		}
		k8stest.Answer(w, http.StatusCreated, want)
	})
	uid, err := c.Create(t.Context(), testSpec())
	if uid != "uid-1" || err != nil || requests.Load() != 1 {
		t.Errorf("got %q, %v after %d requests", uid, err, requests.Load())
	}
}

// The API server is asked for the metadata of the created Pod alone, and sends that.
func TestCreateReadsMetadata(t *testing.T) {
	codecs := serializer.NewCodecFactory(newScheme())
	info, _ := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	made := &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"},
		ObjectMeta: metav1.ObjectMeta{Name: testName, UID: "uid-2", Labels: livePod(t).Labels},
	}
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); !strings.HasPrefix(got, runtime.ContentTypeProtobuf+";as=PartialObjectMetadata;g=meta.k8s.io;v=v1,") {
			t.Errorf("asked for %s", got)
		}
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf+";as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
		w.WriteHeader(http.StatusCreated)
		if err := info.Serializer.Encode(made, w); err != nil {
			t.Error(err)
		}
	})
	if uid, err := c.Create(t.Context(), testSpec()); uid != "uid-2" || err != nil {
		t.Errorf("got %q, %v", uid, err)
	}
}

// TestCreateRelabelled: what the answer shows counts as seen. No watch selects a Pod whose labels admission changed, so it is
// said to exist, and the domain asks for it.
func TestCreateRelabelled(t *testing.T) {
	for name, c := range map[string]struct {
		change func(labels map[string]string)
		want   error
	}{
		"as sent":          {func(map[string]string) {}, nil},
		"another added":    {func(l map[string]string) { l["team"] = "blue" }, nil},
		"instance changed": {func(l map[string]string) { l[keyInstance] = "other" }, worker.ErrExists},
		"manager removed":  {func(l map[string]string) { delete(l, "managed-by") }, worker.ErrExists},
		"all removed":      {func(l map[string]string) { clear(l) }, worker.ErrExists},
	} {
		t.Run(name, func(t *testing.T) {
			client := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				pod := livePod(t)
				c.change(pod.Labels)
				k8stest.Answer(w, http.StatusCreated, pod)
			})
			for range 2 {
				if uid, err := client.Create(t.Context(), testSpec()); uid != "uid-1" || !errors.Is(err, c.want) {
					t.Errorf("got %q, %v, want %v", uid, err, c.want)
				}
			}
		})
	}
}

// The error says what the request means for the domain, with the server's message.
func TestCreateErrors(t *testing.T) {
	for name, test := range map[string]struct {
		code   int
		reason metav1.StatusReason
		want   error
	}{
		"refused":   {422, metav1.StatusReasonInvalid, worker.ErrRefused},
		"forbidden": {401, metav1.StatusReasonUnauthorized, worker.ErrForbidden},
		"busy":      {429, metav1.StatusReasonTooManyRequests, worker.ErrUnavailable},
		"failed":    {500, metav1.StatusReasonInternalError, worker.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
				k8stest.Answer(w, test.code, k8stest.Status(test.code, test.reason, "the server's message"))
			})
			_, err := c.Create(t.Context(), testSpec())
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "the server's message") {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestCreateWithoutAnswer(t *testing.T) {
	closed := clientOf(t, &rest.Config{Host: "http://" + k8stest.ClosedPort(t)}, testOptions(t))
	if _, err := closed.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnavailable) {
		t.Errorf("connection refused: got %v, want ErrUnavailable: nothing was sent", err)
	}
	cut := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		_ = decodeBody(t, r)
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
		_ = decodeBody(t, r)
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

func TestCreateNameTaken(t *testing.T) {
	tests := map[string]struct {
		pod  func() (int, any)
		want error
		uid  string
	}{
		"by the same attempt": {func() (int, any) { return 200, livePod(t) }, worker.ErrExists, "uid-1"},
		"by a foreign Pod": {func() (int, any) {
			p := livePod(t)
			p.Annotations = nil
			return 200, p
		}, worker.ErrNameConflict, ""},
		"by another instance": {func() (int, any) {
			p := livePod(t)
			p.Annotations[keyInstance] = "other"
			return 200, p
		}, worker.ErrNameConflict, ""},
		"by the same attempt, re-labelled by admission": {func() (int, any) {
			p := livePod(t)
			p.Labels = nil
			return 200, p
		}, worker.ErrExists, "uid-1"},
		"and free again": {func() (int, any) { return 404, k8stest.Status(404, metav1.StatusReasonNotFound, "not found") }, worker.ErrUnknown, ""},
		"unknown owner":  {func() (int, any) { return 500, k8stest.Status(500, metav1.StatusReasonInternalError, "oops") }, worker.ErrUnknown, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					k8stest.Answer(w, 409, k8stest.Status(409, metav1.StatusReasonAlreadyExists, `pods "p" already exists`))
					return
				}
				if r.URL.Path != podsPath+"/"+testName || r.URL.RawQuery != "" {
					t.Errorf("GET %s: not consistent, or of another Pod", r.URL)
				}
				code, body := test.pod()
				k8stest.Answer(w, code, body)
			})
			uid, err := c.Create(t.Context(), testSpec())
			if !errors.Is(err, test.want) || uid != test.uid {
				t.Errorf("got %q, %v, want %q, %v", uid, err, test.uid, test.want)
			}
		})
	}
}
