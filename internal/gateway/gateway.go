package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/gateway/httpapi"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/traces"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// stopTimeout is for open requests at the stop; a Pod has 30 s by default.
const stopTimeout = 20 * time.Second

// Service is a part of the gateway that runs beside the API until its context ends.
type Service interface {
	Run(ctx context.Context) error
}

// listener is a Service that opens a port first.
type listener interface {
	Service
	Listen() error
}

// Gateway is one replica.
type Gateway struct {
	cfg     config.Config
	version string
	log     *slog.Logger

	redis      *redis.Client
	reader     *inspect.Reader
	cluster    *pods.Client // nil: Kubernetes is not configured, see clusterErr
	clusterErr error

	known installationCache

	probes   []listener
	api      *httpapi.Server
	services []Service // beside the API; they end after it
}

// store is Redis for the API: what inspect reads, and commands of operators.
type store struct {
	*inspect.Reader

	client *redis.Client
	stream string
}

// Send implements httpapi.Store.
func (s store) Send(ctx context.Context, cmd worker.Command) (event.ID, error) {
	return control.Send(ctx, s.client, s.stream, cmd)
}

// New builds everything and starts nothing:
//
//	Redis ── status stream ──▶ hub ──▶ API ──▶ viewers
//	  │                         └──▶ catalog ──▲
//	  ├───────── records ───────────────────▶──┘
//	  └─────────────────────▶ traces ──▶ collector
func New(cfg config.Config, o app.Options) (*Gateway, error) {
	g := &Gateway{version: o.Version, log: o.Logger}

	// Kubernetes says who leads, and with OTTO_API_AUTH=kubernetes who may do what.
	access, namespace, err := app.ClusterAccess(cfg.Workers)
	cfg.Workers.Namespace = namespace
	g.cfg, g.clusterErr = cfg, err
	if err == nil {
		g.cluster, g.clusterErr = pods.New(access, app.ClusterOptions(cfg, &templates.Set{}, o.Version, o.Logger))
	}
	if cfg.API.Auth == config.AuthKubernetes && g.clusterErr != nil {
		return nil, errcode.Wrap(errcode.ClusterAccess, g.clusterErr)
	}
	auth, err := g.authenticator()
	if err != nil {
		return nil, err
	}

	// The Redis of the events and records.
	if g.redis, err = app.NewRedis(cfg.Redis); err != nil {
		return nil, err
	}
	g.reader = inspect.NewReader(g.redis, cfg.Redis.Stream, cfg.Redis.ConsumerGroup)

	// One reader of the status stream for all viewers, and the list of all events.
	metrics := newMetrics(o.Version)
	h := hub.New(hub.Options{Source: g.reader, Read: metrics.read, Logger: o.Logger})
	events := catalog.New(g.reader, h)
	g.services = append(g.services, h, events)

	// Spans of what ends, where a collector is configured.
	if err := g.wireTraces(metrics, o); err != nil {
		g.closeRedis()
		return nil, err
	}

	g.api = httpapi.New(httpapi.Options{
		Addr: cfg.API.Addr, Version: o.Version, Write: cfg.API.Write, MaxPods: cfg.Workers.MaxPodsPerEvent, Names: app.Names(cfg),
		Auth: auth, Store: store{g.reader, g.redis, cfg.Redis.Stream}, Hub: h, Catalog: events, Installed: g.installation,
		Observer: metrics, StopTimeout: stopTimeout, Logger: o.Logger,
	})
	if err := g.wireProbes(metrics, o); err != nil {
		g.closeRedis()
		return nil, err
	}
	return g, nil
}

// authenticator is who knows the clients.
func (g *Gateway) authenticator() (httpapi.Authenticator, error) {
	switch {
	case g.cfg.API.Auth == config.AuthKubernetes:
		return httpapi.NewKubernetes(reviewer{g.cluster.Client, g.cfg.Workers.Namespace}, g.cfg.Workers.Namespace), nil
	case g.cfg.API.TokensFile == "":
		return httpapi.Open{}, nil
	}
	tokens, err := httpapi.NewTokens(g.cfg.API.TokensFile, g.log)
	if err != nil {
		return nil, &app.ConfigError{Err: errcode.Wrap(errcode.Tokens, err)}
	}
	g.services = append(g.services, tokens)
	return tokens, nil
}

// reviewer asks Kubernetes who has a token, and whether they may do that.
type reviewer struct {
	client    *k8s.Client
	namespace string
}

// Review implements httpapi.Reviewer.
func (r reviewer) Review(ctx context.Context, token, verb string) (user string, allowed bool, err error) {
	info, err := r.client.ReviewToken(ctx, token)
	if err != nil || info.Username == "" {
		return "", false, err
	}
	allowed, err = r.client.ReviewAccess(ctx, info, r.namespace, verb)
	return info.Username, allowed, err
}

// wireTraces sends spans as one of the replicas that share the work.
func (g *Gateway) wireTraces(m *metrics, o app.Options) error {
	if g.cfg.Traces.URL() == "" {
		return nil
	}
	exporter, err := traces.New(g.cfg, traces.Options{
		Redis: g.redis, Instance: leader.Identity(g.cfg.Process.PodName), Version: o.Version, Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	m.traces(exporter.Stats)
	g.services = append(g.services, exporter)
	return nil
}

// wireProbes makes the servers of probes, scrapes and profiles. A gateway is ready while Redis answers.
func (g *Gateway) wireProbes(m *metrics, o app.Options) error {
	g.probes = []listener{named{"OTTO_HTTP_ADDR", health.New(health.Options{
		Addr: g.cfg.Process.HTTPAddr, Checks: []health.Check{{Name: "redis", Run: g.redis.Ping}}, Metrics: m.handler(), Logger: o.Logger,
	})}}
	if o.ProfilesAddr == "" {
		return nil
	}
	profiles, err := health.NewProfiles(o.ProfilesAddr, o.Logger)
	if err != nil {
		return &app.ConfigError{Err: fmt.Errorf("--pprof: %w", err)}
	}
	g.probes = append(g.probes, named{"--pprof", profiles})
	return nil
}

// named is a server with the setting that has its address.
type named struct {
	setting string
	*health.Server
}

// Listen says which setting has an address that cannot be used.
func (n named) Listen() error {
	if err := n.Server.Listen(); err != nil {
		return errcode.Wrap(errcode.ListenFailed, fmt.Errorf("%s: %w", n.setting, err))
	}
	return nil
}

// Run serves until ctx ends: then the API stops first, and what it builds on last. It may be called once.
func (g *Gateway) Run(ctx context.Context) error {
	defer g.closeRedis()
	for _, l := range append([]listener{g.api}, g.probes...) {
		if err := l.Listen(); err != nil {
			return err
		}
	}
	g.log.Info("ottoscaler serves", "addr", g.api.Addr(), "stream", g.cfg.Redis.Stream, "namespace", g.cfg.Workers.Namespace,
		"auth", g.authName(), "write", g.cfg.API.Write)
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	behind, stopBehind := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBehind()
	var background errgroup.Group
	for _, l := range g.probes {
		background.Go(func() error { defer stopServing(); return l.Run(behind) })
	}
	for _, s := range g.services {
		background.Go(func() error { return s.Run(behind) })
	}
	err := g.api.Run(serving)
	stopBehind()
	err = errors.Join(err, background.Wait())
	g.log.Info("ottoscaler stopped")
	return err
}

// authName is how clients are known, for the log.
func (g *Gateway) authName() string {
	if g.cfg.API.Auth != config.AuthKubernetes && g.cfg.API.TokensFile == "" {
		return "none"
	}
	return g.cfg.API.Auth
}

func (g *Gateway) closeRedis() {
	if err := g.redis.Close(); err != nil {
		g.log.Debug("closing the connections to Redis", "error", err)
	}
}
