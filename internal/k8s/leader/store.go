package leader

import (
	"context"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// leaseStore stores one Lease object.
type leaseStore interface {
	// get is consistent.
	get(ctx context.Context) (*coordinationv1.Lease, error)
	// put creates the object if it has no version, else replaces the one of exactly this version and UID.
	put(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error)
}

// apiStore is the leaseStore of a real Kubernetes.
type apiStore struct {
	writer          *k8s.Writer
	namespace, name string
}

func newAPIStore(access *rest.Config, o *Options) (*apiStore, error) {
	transport := k8s.NewTransport(access, k8s.Options{
		Codecs:       serializer.NewCodecFactory(newScheme()).WithoutConversion(),
		GroupVersion: coordinationv1.SchemeGroupVersion, Version: o.Version, Clock: o.Clock, Logger: o.Logger,
	})
	writer, err := transport.NewWriter(nil) // the guard of other writes is made of this one's
	return &apiStore{writer, o.Namespace, o.Name}, err
}

func newScheme() *runtime.Scheme {
	return k8s.NewScheme(coordinationv1.SchemeGroupVersion, &coordinationv1.Lease{})
}

func (s *apiStore) get(ctx context.Context) (*coordinationv1.Lease, error) {
	return s.send(ctx, s.writer.Get().Name(s.name))
}

func (s *apiStore) put(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	if l.ResourceVersion == "" {
		return s.send(ctx, s.writer.Post().Body(l))
	}
	return s.send(ctx, s.writer.Put().Name(s.name).Body(l))
}

func (s *apiStore) send(ctx context.Context, r *rest.Request) (*coordinationv1.Lease, error) {
	var got coordinationv1.Lease
	err := s.writer.Send(ctx, r.Namespace(s.namespace).Resource("leases"), &got)
	return &got, err
}
