package k8s

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func benchClient(b *testing.B) *Client {
	b.Helper()
	c, err := New(&rest.Config{Host: "http://127.0.0.1:1"}, testOptions(b))
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func BenchmarkBuildPod(b *testing.B) {
	c, spec := benchClient(b), testSpec()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.pod(spec); err != nil {
			b.Fatal(err)
		}
	}
}

// From the Pod to the bytes of its POST.
func BenchmarkEncodePod(b *testing.B) {
	pod, codec := livePod(b), wire(b).Serializer
	b.ReportAllocs()
	for b.Loop() {
		if _, err := runtime.Encode(codec, pod); err != nil {
			b.Fatal(err)
		}
	}
}

// From the bytes of an event of the watch to the Pod.
func BenchmarkDecodePod(b *testing.B) {
	codec := wire(b).Serializer
	body, err := runtime.Encode(codec, livePod(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := codec.Decode(body, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// From the Pod to what the core is told of it.
func BenchmarkObserve(b *testing.B) {
	pod := livePod(b)
	seen := 0
	s := &sight{client: benchClient(b), each: func(obs []worker.Observation, _ bool) { seen += len(obs) }}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Update(pod); err != nil {
			b.Fatal(err)
		}
	}
	if seen != b.N {
		b.Fatalf("%d of %d were observed", seen, b.N)
	}
}
