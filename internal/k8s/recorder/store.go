package recorder

import (
	"context"
	"encoding/json"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// eventStore stores Events.
type eventStore interface {
	write(ctx context.Context, w eventWrite) error
}

// apiStore is the eventStore of a real Kubernetes.
type apiStore struct {
	writer    *k8s.Writer
	namespace string
}

func newAPIStore(access *rest.Config, o *Options) (*apiStore, error) {
	transport := k8s.NewTransport(access, k8s.Options{
		Codecs:       serializer.NewCodecFactory(newScheme()).WithoutConversion(),
		GroupVersion: eventsv1.SchemeGroupVersion, Version: o.Version, Clock: o.Clock, Logger: o.Logger,
	})
	writer, err := transport.NewWriter(o.Guard)
	return &apiStore{writer, o.Namespace}, err
}

func newScheme() *runtime.Scheme {
	return k8s.NewScheme(eventsv1.SchemeGroupVersion, &eventsv1.Event{})
}

// write creates the Event, or patches the one field of it that may change.
func (s *apiStore) write(ctx context.Context, w eventWrite) error {
	if !w.created {
		return s.send(ctx, s.writer.Post().Body(&w.event))
	}
	patch, err := json.Marshal(map[string]any{"series": w.series()})
	if err != nil {
		return err
	}
	return s.send(ctx, s.writer.Patch(types.MergePatchType).Name(w.event.Name).Body(patch))
}

func (s *apiStore) send(ctx context.Context, r *rest.Request) error {
	return s.writer.Write(ctx, r.Namespace(s.namespace).Resource("events"), rest.Result.Error)
}
