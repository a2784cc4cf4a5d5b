package k8s

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// leaseStore is where one Lease object lives.
type leaseStore interface {
	// get is consistent.
	get(ctx context.Context) (*coordinationv1.Lease, error)
	// put creates the object if it has no version, else replaces the one of exactly this version and UID.
	put(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error)
}

type apiLease struct {
	client          *rest.RESTClient
	namespace, name string
}

func newLeaseStore(cfg *rest.Config, o *LeaseOptions) (*apiLease, error) {
	own := ownConfig(cfg, leaseScheme(), o.Version, o.Logger, o.Clock)
	own.APIPath, own.GroupVersion = "/apis", &coordinationv1.SchemeGroupVersion
	client, err := connect(own, dial(nil))
	return &apiLease{client, o.Namespace, o.Name}, err
}

func leaseScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(coordinationv1.SchemeGroupVersion, &coordinationv1.Lease{})
	metav1.AddToGroupVersion(scheme, coordinationv1.SchemeGroupVersion)
	return scheme
}

func (s *apiLease) get(ctx context.Context) (*coordinationv1.Lease, error) {
	return s.do(ctx, s.client.Get().Name(s.name))
}

func (s *apiLease) put(ctx context.Context, l *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	if l.ResourceVersion == "" {
		return s.do(ctx, s.client.Post().Body(l))
	}
	return s.do(ctx, s.client.Put().Name(s.name).Body(l))
}

func (s *apiLease) do(ctx context.Context, r *rest.Request) (*coordinationv1.Lease, error) {
	var got coordinationv1.Lease
	err := r.Namespace(s.namespace).Resource("leases").MaxRetries(0).Do(ctx).Into(&got)
	return &got, err
}

// LeaseName is the Lease of one installation on one stream, so that two of them in one namespace never wait for each
// other.
func LeaseName(instance, stream string) string {
	if instance == event.DefaultInstance && stream == event.DefaultStream {
		return managedBy
	}
	sum := sha256.Sum256([]byte(instance + "\x00" + stream))
	return managedBy + "-" + hex.EncodeToString(sum[:])[:5]
}

// Identity is who we are in a Lease: the name of our Pod, so that a container restarted in it need not wait for its
// own Lease to expire; without one, what no other process is called.
func Identity(podName string) string {
	if podName != "" {
		return podName
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), strings.ToLower(rand.Text()[:8]))
}
