package podlogs

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/rest"
)

// Options are what a Client needs besides the address and the credentials of the API server.
type Options struct {
	Version string // of this program, for the user agent
	// Buffer bounds the bytes that are kept of one container for viewers that are slow or come later; 0: 4 MiB.
	Buffer int
	// TotalBuffer bounds those of all containers; 0: 128 MiB. Each may have its share, at least 64 KiB.
	TotalBuffer int
}

// Client follows logs, each by one connection's stream however many follow it here. All its methods may be called at once.
type Client struct {
	conns *conns
	seed  maphash.Seed

	buffer, totalBuffer int

	mu      sync.Mutex
	sources map[Target]*source
	active  atomic.Int64 // how many sources there are
}

// New connects to nothing yet. The command `logs` and the gateway call it.
func New(access *rest.Config, o Options) (*Client, error) {
	conns, err := newConns(access, o.Version)
	if err != nil {
		return nil, err
	}
	c := &Client{conns: conns, seed: maphash.MakeSeed(), buffer: o.Buffer, totalBuffer: o.TotalBuffer, sources: make(map[Target]*source)}
	if c.buffer == 0 {
		c.buffer = 4 << 20
	}
	if c.totalBuffer == 0 {
		c.totalBuffer = 128 << 20
	}
	return c, nil
}

// Close closes the connections, once nobody follows.
func (c *Client) Close() { c.conns.close() }

// errStopped means that whoever ranges over lines wants no more.
var errStopped = errors.New("no more lines wanted")

// Follow returns the lines of a container until it has ended and all were read, or its Pod is gone. It begins at once, whether
// or not the container has started, and outlasts whatever may pass. An error ends it: ctx's, or a PermissionError.
func (c *Client) Follow(ctx context.Context, t Target, from From) iter.Seq2[Line, error] {
	return sequence(t, func(emit func(entry) error) error { return c.view(ctx, t, from, emit) })
}

// Read returns what there is of a container's log now. It waits for whoever reads it, so it is not for what prints fast and is
// read slowly.
func (c *Client) Read(ctx context.Context, t Target, from From) iter.Seq2[Line, error] {
	return sequence(t, func(emit func(entry) error) error {
		return c.newFollower(t, from, true, emit).run(ctx)
	})
}

func sequence(t Target, run func(emit func(entry) error) error) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		err := run(func(e entry) error {
			if !yield(e.line(t), nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Line{Target: t}, err)
		}
	}
}

func (c *Client) newFollower(t Target, from From, once bool, emit func(entry) error) *follower {
	f := &follower{client: c, target: t, from: from, once: once}
	f.seed, f.emit, f.since, f.tail = c.seed, emit, minTime, from.Tail != nil
	if !from.Since.IsZero() {
		f.since = from.Since.UnixNano()
	}
	return f
}
