package k8s

import (
	"fmt"
	"log/slog"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// CallTimeout bounds one request, so that a frozen connection blocks nothing for longer. Package pods bounds its lists for
// people by it.
const CallTimeout = 15 * time.Second

// Options are what a Transport needs besides the address and the credentials of the API server.
type Options struct {
	Codecs       runtime.NegotiatedSerializer // of the types that are sent and read: see NewScheme
	GroupVersion schema.GroupVersion          // of the resource
	Version      string                       // of this program, for the user agent
	Clock        *Clock                       // learns the server's time from every answer; nil: one of the Transport's own
	Logger       *slog.Logger
}

// Transport makes connections that share settings. The packages pods, leader and recorder have one each.
type Transport struct {
	cfg   *rest.Config
	clock *Clock
	log   *slog.Logger
}

// NewTransport connects to nothing yet.
func NewTransport(access *rest.Config, o Options) *Transport {
	if o.Clock == nil {
		o.Clock = new(Clock)
	}
	cfg := rest.CopyConfig(access)
	cfg.APIPath, cfg.GroupVersion = "/apis", &o.GroupVersion
	if o.GroupVersion.Group == "" {
		cfg.APIPath = "/api"
	}
	cfg.NegotiatedSerializer = o.Codecs
	cfg.ContentType = runtime.ContentTypeProtobuf
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	cfg.UserAgent = "ottoscaler/" + o.Version
	cfg.QPS = -1 // the default is five requests a second
	cfg.WarningHandlerWithContext = newWarnings(o.Logger)
	cfg.Wrap(o.Clock.wrap)
	return &Transport{cfg: cfg, clock: o.Clock, log: o.Logger}
}

// NewScheme returns a scheme that knows the types of one API group and what goes with every request. Client-go's own knows
// all types of Kubernetes and costs 8 MB. Called by the packages pods, leader and recorder for their codecs.
func NewScheme(gv schema.GroupVersion, types ...runtime.Object) *runtime.Scheme {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(gv, types...)
	metav1.AddToGroupVersion(scheme, gv)
	return scheme
}

// Client is a connection for requests that change nothing. They need no Lease, so a standby and the commands for people have
// one, too. All its methods may be called at once.
type Client struct {
	rest  *rest.RESTClient
	clock *Clock
	log   *slog.Logger
}

// NewClient returns a connection of its own; nothing is sent yet. Package pods calls it.
func (t *Transport) NewClient() (*Client, error) {
	client, err := connect(t.cfg, newDialer().DialContext)
	return &Client{rest: client, clock: t.clock, log: t.log}, err
}

// NewGet begins a GET, which is not retried. The packages pods and leader call it.
func (c *Client) NewGet() *rest.Request { return c.rest.Get().MaxRetries(0) }

// Skew is the API server's clock minus the local one, as estimated from the answers so far; see Clock.
func (c *Client) Skew() time.Duration { return c.clock.Skew() }

func (c *Client) address() string { return c.rest.Get().URL().Host }

// connect makes a client with a connection of its own: client-go shares one between equal configs, and a Dial makes
// them differ.
func connect(cfg *rest.Config, dial dialFunc) (*rest.RESTClient, error) {
	own := rest.CopyConfig(cfg)
	own.Dial = dial
	client, err := rest.RESTClientFor(own)
	if err != nil {
		return nil, fmt.Errorf("preparing the Kubernetes client: %w", err)
	}
	return client, nil
}
