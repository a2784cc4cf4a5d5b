package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// connFollows is how many follows share a connection: an API server takes 100 or 250 streams on one.
const connFollows = 90

// conn is one connection to the API server, as HTTP/2 makes it.
type conn struct {
	http *http.Client
	base *url.URL

	mu   sync.Mutex
	warm bool

	users int // guarded by conns.mu
}

// conns are the connections of a Client.
type conns struct {
	base *url.URL
	dial func() (*http.Client, error) // of an own connection

	mu  sync.Mutex
	all []*conn
}

func newConns(access *rest.Config, version string) (*conns, error) {
	cfg := rest.CopyConfig(access)
	cfg.UserAgent = "ottoscaler/" + version
	cfg.APIPath, cfg.GroupVersion = "/api", &schema.GroupVersion{Version: "v1"}
	base, path, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("preparing the Kubernetes client: %w", err)
	}
	dial := func() (*http.Client, error) {
		own := rest.CopyConfig(cfg) // client-go shares a connection between equal configs, and a Dial makes them differ
		own.Dial = (&net.Dialer{Timeout: k8s.CallTimeout, KeepAlive: k8s.CallTimeout}).DialContext
		return rest.HTTPClientFor(own)
	}
	return &conns{base: base.JoinPath(path), dial: dial}, nil
}

// take returns a connection with room for one more follow; give must follow.
func (c *conns) take() (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, has := range c.all {
		if has.users < connFollows {
			has.users++
			return has, nil
		}
	}
	client, err := c.dial()
	if err != nil {
		return nil, fmt.Errorf("preparing the Kubernetes client: %w", err)
	}
	added := &conn{http: client, base: c.base, users: 1}
	c.all = append(c.all, added)
	return added, nil
}

func (c *conns) give(used *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	used.users--
}

func (c *conns) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, has := range c.all {
		has.http.CloseIdleConnections()
	}
}

// get sends a GET below the API's path. The first one on a connection goes alone: of many at once each would dial.
func (c *conn) get(ctx context.Context, query url.Values, path ...string) (*http.Response, error) {
	if err := c.warmUp(ctx); err != nil {
		return nil, err
	}
	return c.send(ctx, c.base.JoinPath(path...), query)
}

func (c *conn) send(ctx context.Context, u *url.URL, query url.Values) (*http.Response, error) {
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // without the long URL
	}
	return res, err
}

func (c *conn) warmUp(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.warm {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, k8s.CallTimeout)
	defer cancel()
	res, err := c.send(ctx, c.base.JoinPath("../../version"), nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // whatever it says, there is a connection
	c.warm = true
	return nil
}
