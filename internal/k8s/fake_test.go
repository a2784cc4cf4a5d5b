package k8s

import (
	"log/slog"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

func newTestTransport(access *rest.Config, log *slog.Logger) *Transport {
	scheme := NewScheme(corev1.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{})
	return NewTransport(access, Options{
		Codecs: serializer.NewCodecFactory(scheme).WithoutConversion(), GroupVersion: corev1.SchemeGroupVersion, Version: "test", Logger: log,
	})
}

// newTestClient is a Client of some API server.
func newTestClient(t *testing.T, access *rest.Config, log *slog.Logger) *Client {
	t.Helper()
	c, err := newTestTransport(access, log).NewClient()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newTestWriter is a Writer of an API server that is one handler.
func newTestWriter(t *testing.T, guard Guard, handler http.HandlerFunc) *Writer {
	t.Helper()
	w, err := newTestTransport(k8stest.Serve(t, handler), discard).NewWriter(guard)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var discard = slog.New(slog.DiscardHandler)

// newPost begins the creation of a Pod.
func newPost(w *Writer) *rest.Request {
	return w.Post().Namespace("ci").Resource("pods").Body(&corev1.Pod{})
}
