package pods

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	resource = "pods"

	partial       = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	metadataTypes = runtime.ContentTypeProtobuf + partial + "," + runtime.ContentTypeJSON + partial
)

// Options are what a Client needs besides the address and the credentials of the API server.
type Options struct {
	Namespace string
	Instance  string // of this installation; a legal label value
	Stream    string
	Names     event.Names    // of the same instance and stream
	Templates *templates.Set // until UseTemplates
	Version   string         // of this program, for the user agent
	Clock     *k8s.Clock     // learns the server's time from every answer; nil: one of the Client's own
	Logger    *slog.Logger

	// Traceparent is what a worker finds in TRACEPARENT, for a slot and an attempt; nil: what the producer sent.
	Traceparent func(e *event.Event, slot, attempt int) string
	// Guard limits writes to the time of leadership: a Lease's Until. nil: always.
	Guard k8s.Guard
	// Forbidden is called whenever listing or watching Pods is forbidden; may be nil.
	Forbidden func(err error)
}

// Client is the worker.Cluster of one namespace. All its methods may be called at once.
type Client struct {
	*k8s.Client // lists, the watch, and everything that is no Pod

	namespace string
	names     event.Names
	builder   builder
	observer  observer
	forbidden func(error)
	log       *slog.Logger

	writer *k8s.Writer // writes, and the reads that belong to them
	params runtime.ParameterCodec

	watchState atomic.Int32
	relabelled sync.Once // that admission changes labels is logged
}

var _ worker.Cluster = (*Client)(nil)

// New sends nothing yet. The daemon calls it for its workers, and the commands for people to read.
func New(access *rest.Config, o Options) (*Client, error) {
	if why := validation.IsValidLabelValue(o.Instance); o.Instance == "" || len(why) > 0 {
		return nil, fmt.Errorf("instance %q is no label value: %s", o.Instance, strings.Join(why, "; "))
	}
	scheme := newScheme()
	transport := k8s.NewTransport(access, k8s.Options{
		Codecs: newPartialCodecs(scheme), GroupVersion: corev1.SchemeGroupVersion, Version: o.Version, Clock: o.Clock, Logger: o.Logger,
	})
	c := &Client{
		namespace: o.Namespace, names: o.Names, forbidden: o.Forbidden, log: o.Logger, params: runtime.NewParameterCodec(scheme),
		builder:  builder{namespace: o.Namespace, instance: o.Instance, stream: o.Stream, traceparent: o.Traceparent},
		observer: observer{instance: o.Instance, names: o.Names},
	}
	c.UseTemplates(o.Templates)
	var err error
	if c.writer, err = transport.NewWriter(o.Guard); err != nil {
		return nil, err
	}
	c.Client, err = transport.NewClient()
	return c, err
}

// UseTemplates makes all Pods from now on of these templates. A Pod of a template that is no more is refused. The daemon calls
// it when the operator has changed them.
func (c *Client) UseTemplates(set *templates.Set) { c.builder.templates.Store(set) }

// newScheme knows Pods, their metadata and their Events alone.
func newScheme() *runtime.Scheme {
	scheme := k8s.NewScheme(corev1.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{}, &corev1.Event{}, &corev1.EventList{})
	scheme.AddKnownTypes(metav1.SchemeGroupVersion, &metav1.PartialObjectMetadata{})
	return scheme
}

// write sends a change of a Pod. The API server is asked to answer with the Pod's metadata alone.
func (c *Client) write(ctx context.Context, r *rest.Request, read func(rest.Result) error) error {
	return c.writer.Write(ctx, r.Namespace(c.namespace).Resource(resource).SetHeader("Accept", metadataTypes), read)
}

// send is for requests to Pods that change nothing.
func (c *Client) send(ctx context.Context, r *rest.Request, into *corev1.Pod) error {
	return c.writer.Send(ctx, r.Namespace(c.namespace).Resource(resource), into)
}

// fetch reads a whole Pod consistently: without a resource version the answer is as new as the request.
func (c *Client) fetch(ctx context.Context, name string, into *corev1.Pod) error {
	return c.send(ctx, c.writer.Get().Name(name), into)
}

// newList is a list or a watch of this installation's Pods, on the connection that writes do not share.
func (c *Client) newList(o metav1.ListOptions, selector map[string]string) *rest.Request {
	o.LabelSelector = c.selector(selector)
	return c.NewGet().Namespace(c.namespace).Resource(resource).VersionedParams(&o, c.params)
}

// podError translates a failed request into one of worker's errors, with the server's message.
func podError(verb, name string, err error) error {
	return fmt.Errorf("%s pod %q: %w: %s", verb, name, k8s.Meaning(err), k8s.ServerMessage(err))
}
