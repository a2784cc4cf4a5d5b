package traces

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/statusgroup"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	batch       = 100 // entries, each of which makes four spans at most
	maxBackoff  = 30 * time.Second
	finishLimit = 5 * time.Second // for what is said to Redis after the end
	// claimMargin is how much longer than a request a replica may be silent before it counts as dead: longer than maxBackoff.
	claimMargin = time.Minute
)

// Status reads the status stream: see statusgroup.Group.
type Status interface {
	Read(ctx context.Context) ([]inspect.StatusEntry, error)
	Ack(ctx context.Context, ids []string) error
	Leave(ctx context.Context) error
}

// Records looks up where events came from: see inspect.Reader.
type Records interface {
	Origins(ctx context.Context, ids []event.ID) (map[event.ID]inspect.Origin, error)
}

// Options are what New needs besides the configuration.
type Options struct {
	Redis    *redis.Client // whose server is used over connections of its own
	Instance string        // of this replica: the name of its consumer, and service.instance.id; no other replica may have it
	Version  string
	From     string // where a new consumer group begins; empty: `$`, with what is written from now on
	Logger   *slog.Logger
}

// Stats count since the start.
type Stats struct {
	Sent    int64 // spans that the collector accepted
	Dropped int64 // spans that it accepted and dropped
	Refused int64 // spans that it refused for good
	Failed  int64 // passes that are tried again
	Lost    int64 // entries that were trimmed before they were read
}

// Exporter sends the spans of one installation.
type Exporter struct {
	status    Status
	records   Records
	collector *collector
	builder   builder
	log       *slog.Logger
	close     func() error

	sent, dropped, refused, failed, lost atomic.Int64
	// What the log said last; each change is a line.
	failing, refusing, dropping bool
}

// New contacts nothing yet. Traces must be on: cfg.Traces.URL is not empty. The replicas of an installation share one consumer group,
// `<instance>-traces`.
func New(cfg config.Config, o Options) (*Exporter, error) {
	c, err := newCollector(cfg.Traces, newResource(cfg, o))
	if err != nil {
		return nil, err
	}
	client := o.Redis.Fresh()
	return &Exporter{
		status: statusgroup.New(client, statusgroup.Options{
			Stream: cfg.Redis.Stream, Group: cfg.Workers.Instance + "-traces", Consumer: o.Instance, From: o.From, Count: batch,
			ClaimAfter: cfg.Traces.Timeout() + claimMargin, Logger: o.Logger,
		}),
		records:   inspect.NewReader(client, cfg.Redis.Stream, cfg.Redis.ConsumerGroup),
		collector: c, builder: builder{naming: cfg.TraceNaming(), group: cfg.Redis.ConsumerGroup}, log: o.Logger, close: client.Close,
	}, nil
}

// newResource: what the operator says of this service comes before what it knows itself, except its name, which has a variable.
func newResource(cfg config.Config, o Options) resource {
	all := map[string]string{"service.version": o.Version, "service.instance.id": o.Instance, "service.name": cfg.Traces.ServiceName}
	given := cfg.Traces.ResourcePairs()
	if cfg.Traces.ServiceName != config.DefaultServiceName {
		delete(given, "service.name")
	}
	maps.Copy(all, given)
	r := resource{version: o.Version}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r.attributes.text(name, all[name])
	}
	return r
}

// Stats may be called at any time.
func (e *Exporter) Stats() Stats {
	return Stats{e.sent.Load(), e.dropped.Load(), e.refused.Load(), e.failed.Load(), e.lost.Load()}
}

// Run sends spans until ctx ends, and finishes the request that is under way. What it could not send stays in the consumer group.
func (e *Exporter) Run(ctx context.Context) error {
	defer e.collector.close()
	for failures := 0; ctx.Err() == nil; {
		err := e.pass(ctx)
		if err == nil || ctx.Err() != nil {
			e.recovered(err)
			failures = 0
			continue
		}
		failures++
		e.failed.Add(1)
		if !e.failing {
			e.failing = true
			errcode.Warn(e.log, errcode.SpansNotSent, "error", err)
		}
		retry.Sleep(ctx, pause(failures, err))
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	err := e.status.Leave(ending)
	if err != nil { // another replica claims what is left; an unused consumer is forgotten in an hour
		e.log.Info("leaving the consumer group failed", "error", err)
	}
	if err := e.close(); err != nil {
		return fmt.Errorf("closing the connections to Redis: %w", err)
	}
	return nil
}

func (e *Exporter) recovered(err error) {
	if err == nil && e.failing {
		e.failing = false
		e.log.Info("spans are sent again")
	}
}

// pause is the collector's own wish, if it has one.
func pause(failures int, err error) time.Duration {
	d := retry.Backoff(failures, maxBackoff)
	if busy, ok := errors.AsType[*busyError](err); ok {
		d = max(d, busy.retryIn)
	}
	return d
}

// pass reads entries, sends what they end, and acknowledges them. After an error the next pass reads them again.
func (e *Exporter) pass(ctx context.Context) error {
	read, err := e.status.Read(ctx)
	if err != nil || len(read) == 0 {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what is begun is finished: each step has its own limit
	spans, err := e.build(ctx, read)
	if err == nil {
		err = e.send(ctx, spans)
	}
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(read))
	for _, s := range read {
		ids = append(ids, s.ID)
	}
	return e.status.Ack(ctx, ids)
}

// build makes the spans that the entries end.
func (e *Exporter) build(ctx context.Context, read []inspect.StatusEntry) ([]span, error) {
	var ended []entry
	var events []event.ID
	for _, s := range read {
		if len(s.Fields) == 0 {
			e.lost.Add(1)
		}
		if parsed, ok := parseEntry(s); ok {
			ended = append(ended, parsed)
			if !parsed.unbounded() {
				events = append(events, parsed.event)
			}
		}
	}
	if len(ended) == 0 {
		return nil, nil
	}
	slices.SortFunc(events, event.ID.Compare)
	origins, err := e.records.Origins(ctx, slices.Compact(events))
	if err != nil {
		return nil, err
	}
	var spans []span
	for _, parsed := range ended {
		spans = append(spans, e.builder.build(parsed, origins[parsed.event])...)
	}
	return spans, nil
}

// send returns an error only if the spans are to be sent again.
func (e *Exporter) send(ctx context.Context, spans []span) error {
	if len(spans) == 0 {
		return nil
	}
	dropped, why, err := e.collector.send(ctx, spans)
	if refused, ok := errors.AsType[*refusedError](err); ok {
		e.refused.Add(int64(len(spans)))
		if !e.refusing {
			e.refusing = true
			errcode.Error(e.log, errcode.SpansRefused, "status", refused.status, "reason", refused.reason, "spans", len(spans))
		}
		return nil
	}
	if err != nil {
		return err
	}
	e.refusing = false
	e.sent.Add(int64(len(spans)) - dropped)
	e.dropped.Add(dropped)
	if dropped > 0 && !e.dropping {
		errcode.Warn(e.log, errcode.SpansIncomplete, "spans", dropped, "reason", why)
	}
	e.dropping = dropped > 0
	return nil
}
