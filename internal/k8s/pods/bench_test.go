package pods

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func BenchmarkBuildPod(b *testing.B) {
	c, spec := offline(b), testSpec()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.builder.build(spec); err != nil {
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

// From the Pod to its observation.
func BenchmarkObserve(b *testing.B) {
	pod := livePod(b)
	observed := 0
	s := &reflectorStore{client: offline(b), each: func(obs []worker.Observation, _ bool) { observed += len(obs) }}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Update(pod); err != nil {
			b.Fatal(err)
		}
	}
	if observed != b.N {
		b.Fatalf("%d of %d were observed", observed, b.N)
	}
}
