package k8s

import (
	"context"
	"encoding/json"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// eventStore is where Events go.
type eventStore interface {
	write(ctx context.Context, t eventWrite) error
}

type apiEvents struct {
	client    *rest.RESTClient
	namespace string
	guard     func() (time.Time, bool)
}

func newEventStore(cfg *rest.Config, o *RecorderOptions) (*apiEvents, error) {
	own := ownConfig(cfg, eventScheme(), o.Version, o.Logger, o.Clock)
	own.APIPath, own.GroupVersion = "/apis", &eventsv1.SchemeGroupVersion
	client, err := connect(own, dial(o.Guard))
	return &apiEvents{client, o.Namespace, o.Guard}, err
}

func eventScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(eventsv1.SchemeGroupVersion, &eventsv1.Event{})
	metav1.AddToGroupVersion(scheme, eventsv1.SchemeGroupVersion)
	return scheme
}

// write makes the Event, or patches the one thing of it that may change.
func (s *apiEvents) write(ctx context.Context, t eventWrite) error {
	if !t.made {
		return s.do(ctx, s.client.Post().Body(&t.event))
	}
	patch, err := json.Marshal(map[string]any{"series": t.series()})
	if err != nil {
		return err
	}
	return s.do(ctx, s.client.Patch(types.MergePatchType).Name(t.event.Name).Body(patch))
}

// do sends one request, only while the guard lets it, and never longer.
func (s *apiEvents) do(ctx context.Context, r *rest.Request) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.guard != nil {
		until, ok := s.guard()
		if !ok {
			return errNotLeading
		}
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	return r.Namespace(s.namespace).Resource("events").MaxRetries(0).Do(ctx).Error()
}
