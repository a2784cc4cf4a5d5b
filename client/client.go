package client

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options of a Client. The zero value is right for most.
type Options struct {
	Stream         string        // default: otto:scale:events
	SendTimeout    time.Duration // until a request must be confirmed by Redis, re-sends included; default: 30 s
	AcceptTimeout  time.Duration // until Run returns without a verdict; default: 5 s
	CommandTimeout time.Duration // of one command, dialing included; default: 5 s
	// OnState is called when the reader of the status stream connects and when it loses its connection, from one goroutine. It must
	// not block.
	OnState func(State)
}

// State is that of the connection that reads the status stream.
type State struct {
	Connected bool
	Since     time.Time
	Err       error // why it is not connected
}

// Client sends requests and follows events. Its methods may be called from several goroutines.
type Client struct {
	opts   Options
	keys   keys
	source redis.UniversalClient // whose settings connections are made with
	rdb    redis.UniversalClient
	reader *reader

	life    context.Context //nolint:containedctx // it ends with Close
	end     context.CancelFunc
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	// consumers end before the connections do: their handlers' work is acknowledged.
	consumers sync.WaitGroup
}

// New returns a Client that connects as rdb does (to its address, with its credentials and TLS, through its Sentinels or to its cluster),
// over connections of its own. It connects when it is first used. Close it before rdb. New panics if rdb is another type than
// *redis.Client and *redis.ClusterClient.
func New(rdb redis.UniversalClient, opts Options) *Client {
	opts.Stream = cmpOr(opts.Stream, "otto:scale:events")
	opts.SendTimeout = cmpOr(opts.SendTimeout, 30*time.Second)
	opts.AcceptTimeout = cmpOr(opts.AcceptTimeout, 5*time.Second)
	opts.CommandTimeout = cmpOr(opts.CommandTimeout, 5*time.Second)
	c := &Client{opts: opts, keys: newKeys(opts.Stream), source: rdb, rdb: connect(rdb, opts.CommandTimeout)}
	c.life, c.end = context.WithCancel(context.Background())
	c.reader = newReader(c)
	return c
}

// Close ends all runs, followers and consumers, and returns when their goroutines have ended. The work itself goes on.
func (c *Client) Close() error {
	c.mu.Lock()
	c.end()
	c.mu.Unlock()
	c.consumers.Wait()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	err := c.rdb.Close()
	c.reader.close()
	c.running.Wait()
	return err
}

// start runs f in a goroutine that Close waits for; not ok: the Client is closed.
func (c *Client) start(f func(life context.Context)) (ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.running.Go(func() { f(c.life) })
	}
	return !c.closed
}

// consume registers a consumer; not ok: the Client is being closed.
func (c *Client) consume() (ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.Err() != nil {
		return false
	}
	c.consumers.Add(1)
	return true
}

// Run asks for workers, and waits for the verdict for Options.AcceptTimeout. If the request is rejected within it, the error is a
// *RejectedError. Without a verdict the Run is returned all the same, and Run.Accepted is false: the request is safely in the stream, and a
// later rejection comes out of Events and Wait. So it is when ctx ends while it waits for the verdict.
//
// Until Redis confirms the request it is sent again and again, with the same idempotency key. After Options.SendTimeout, or when ctx ends,
// the error is an *UnsentError that has the key.
func (c *Client) Run(ctx context.Context, r Request) (*Run, error) {
	fields, err := r.fields()
	if err != nil {
		return nil, err
	}
	return c.request(ctx, typeScaleUp, fields)
}

// ScaleDown asks for workers to be taken away. Wait for the Run to see how many were.
func (c *Client) ScaleDown(ctx context.Context, r ScaleDownRequest) (*Run, error) {
	fields, err := r.fields()
	if err != nil {
		return nil, err
	}
	return c.request(ctx, typeScaleDown, fields)
}

// Cancel cancels an event, or the events of a task. Wait for the Run to see the end of all its workers.
func (c *Client) Cancel(ctx context.Context, r CancelRequest) (*Run, error) {
	fields, err := r.fields()
	if err != nil {
		return nil, err
	}
	return c.request(ctx, typeCancel, fields)
}

// request sends an entry and follows it. The reader runs before the entry is sent, so that no status is missed.
func (c *Client) request(ctx context.Context, kind string, fields map[string]string) (*Run, error) {
	if fields[fieldKey] == "" {
		fields[fieldKey] = newKey()
	}
	sending, cancel := context.WithTimeout(ctx, c.opts.SendTimeout)
	defer cancel()
	sub, err := c.reader.open(sending)
	if err != nil {
		return nil, &UnsentError{Key: fields[fieldKey], Err: err}
	}
	id, err := c.send(sending, fields)
	if err != nil {
		sub.close()
		return nil, err
	}
	run, err := c.newRun(id, kind, fields[fieldKey], sub, false)
	if err != nil {
		return nil, err
	}
	if err := run.verdict(ctx, c.opts.AcceptTimeout); err != nil {
		return nil, err
	}
	return run, nil
}

// Attach follows an event that was sent earlier, by this process or another. Events begins with what Redis knows of it. Of an event that
// is over for too long, the error of Wait and Events is ErrExpired.
func (c *Client) Attach(ctx context.Context, eventID string) (*Run, error) {
	if _, ok := parseID(eventID); !ok {
		return nil, &RequestError{ReasonCode: "invalid_event_id", Problem: "event ID " + eventID + ": want <milliseconds>-<sequence>"}
	}
	limited, cancel := context.WithTimeout(ctx, c.opts.SendTimeout)
	defer cancel()
	sub, err := c.reader.open(limited)
	if err != nil {
		return nil, err
	}
	return c.newRun(eventID, "", "", sub, true)
}

// Snapshot reads the state of an event; nil: Redis has none, since the event was not accepted yet, not accepted at all, or is over for
// too long.
func (c *Client) Snapshot(ctx context.Context, eventID string) (*Snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, c.opts.SendTimeout)
	defer cancel()
	fields, err := retry(limited, c, func(ctx context.Context) (map[string]string, error) {
		return c.rdb.HGetAll(ctx, c.keys.event(eventID)).Result()
	})
	if err != nil || len(fields) == 0 {
		return nil, err
	}
	return decodeSnapshot(eventID, fields)
}
