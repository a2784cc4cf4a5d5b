package k8s

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	// callTimeout bounds one request, so that a frozen connection holds nothing up for longer.
	callTimeout = 15 * time.Second
	// maxInFlight stays below the 100 streams the API server allows on one HTTP/2 connection: above that client-go
	// dials ever more of them.
	maxInFlight = 96

	protobuf = runtime.ContentTypeProtobuf
	partial  = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

	metadataAlone = protobuf + partial + ",application/json" + partial
)

// Options are what a Client needs to know besides the way to the API server.
type Options struct {
	Namespace string
	Instance  string // of this installation; a legal label value
	Stream    string
	Names     event.Names // of the same instance and stream
	Templates *Templates
	Version   string // ours, for the user agent
	Clock     *Clock // told the server's time with every answer; nil: one of the Client's own
	Logger    *slog.Logger

	// Guard says until when, on the local monotonic clock, writes may be sent, and whether any may be now: a Lease's
	// Until. nil: always. What it refuses is not sent, and no request outlives its moment.
	Guard func() (until time.Time, ok bool)

	// Denied is told whenever the Pods may not be listed or watched; may be nil.
	Denied func(err error)
}

// Client is the worker.Cluster of one namespace. All its methods may be called at once.
type Client struct {
	Options
	calls  *rest.RESTClient // what we ask for
	sights *rest.RESTClient // the watch, on a connection of its own
	params runtime.ParameterCodec
	places chan struct{} // one taken by each call in flight
	opener *opener       // of the calls

	watched  atomic.Int32 // how the watch of Pods stands
	lastNote atomic.Pointer[eventNote]
}

var _ worker.Cluster = (*Client)(nil)

// New returns a Client; it sends nothing yet.
func New(cfg *rest.Config, o Options) (*Client, error) {
	if why := validation.IsValidLabelValue(o.Instance); o.Instance == "" || len(why) > 0 {
		return nil, fmt.Errorf("instance %q is no label value: %s", o.Instance, strings.Join(why, "; "))
	}
	scheme := podScheme()
	c := &Client{Options: o, params: runtime.NewParameterCodec(scheme), places: make(chan struct{}, maxInFlight), opener: newOpener()}
	if c.Clock == nil {
		c.Clock = new(Clock)
	}
	own := ownConfig(cfg, scheme, o.Version, o.Logger, c.Clock)
	own.APIPath, own.GroupVersion = "/api", &corev1.SchemeGroupVersion
	var err error
	if c.calls, err = connect(c.opener.over(own, dial(o.Guard))); err != nil {
		return nil, err
	}
	c.sights, err = connect(own, dialer().DialContext)
	return c, err
}

// Skew is the API server's clock minus ours, as far as the answers so far tell; see Clock.
func (c *Client) Skew() time.Duration { return c.Clock.Skew() }

// podScheme knows Pods, their metadata alone, and what goes with every request; the full one costs 8 MB.
func podScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	scheme.AddKnownTypes(metav1.SchemeGroupVersion, &metav1.PartialObjectMetadata{})
	return scheme
}

func ownConfig(cfg *rest.Config, scheme *runtime.Scheme, version string, log *slog.Logger, clock *Clock) *rest.Config {
	own := rest.CopyConfig(cfg)
	own.NegotiatedSerializer = newLeanCodecs(scheme)
	own.ContentType, own.AcceptContentTypes = protobuf, protobuf+",application/json"
	own.UserAgent = "ottoscaler/" + version
	own.QPS = -1 // the default is five requests a second
	own.WarningHandlerWithContext = newWarnings(log)
	if clock != nil {
		own.Wrap(clock.wrap)
	}
	return own
}

// call sends one request and reads the answer into a Pod, if there is one. Nothing is retried in here: the domain
// decides when to try again.
func (c *Client) call(ctx context.Context, r *rest.Request, into *corev1.Pod) error {
	return c.placed(ctx, func(ctx context.Context) error {
		return c.do(ctx, r, func(answer rest.Result) error { return answer.Into(into) })
	})
}

// write is call for what changes something: only while the guard lets it, asked at the last moment, and never longer. Of
// what it made or deleted the API server is asked to show the metadata alone.
func (c *Client) write(ctx context.Context, r *rest.Request, read func(rest.Result) error) error {
	r.SetHeader("Accept", metadataAlone)
	return c.placed(ctx, func(ctx context.Context) error {
		if c.Guard == nil {
			return c.do(ctx, r, read)
		}
		until, ok := c.Guard()
		if !ok {
			return errNotLeading
		}
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		return c.do(ctx, r, read)
	})
}

// placed waits for a place among the requests in flight.
func (c *Client) placed(ctx context.Context, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
		return c.opener.through(ctx, send)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) do(ctx context.Context, r *rest.Request, read func(rest.Result) error) error {
	return read(r.Namespace(c.Namespace).Resource("pods").MaxRetries(0).Do(ctx))
}
