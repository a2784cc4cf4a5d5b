package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/server"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	startTimeout      = 10 * time.Second // for Redis and Kubernetes to answer at the start
	gracePeriod       = 20 * time.Second // for what is in flight at the stop; a Pod has 30 s by default
	deleteConcurrency = 16
)

func newRun(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Read the stream and run workers until stopped (the default command)",
		Long: `Read the stream and run workers until SIGTERM or SIGINT. Everything is configured by the environment:

` + config.Usage() + `
Kubernetes is found as every client does: in a cluster by the Pod's ServiceAccount, else by KUBECONFIG, else by
~/.kube/config.

Exit codes: 0 stopped, 1 Redis or Kubernetes cannot be reached, 2 usage or configuration.`,
		Example: `  REDIS_HOST=localhost KUBECONFIG=./kubeconfig ottoscaler run`,
		Args:    noArgs,
		RunE:    runE(version),
	}
	c.Flags().String(flagPprof, "", "serve Go's profiles at this loopback address, such as 127.0.0.1:6060")
	return c
}

const flagPprof = "pprof"

func runE(version string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		environ := config.Environ()
		cfg, err := config.Load(environ)
		if err != nil {
			return usageError{fail(trouble.Configuration, err)}
		}
		log := newLogger(c.ErrOrStderr(), cfg.Process)
		for _, name := range config.Unknown(environ) {
			log.Warn("an environment variable is not known and ignored", "variable", name, "did_you_mean", config.Suggest(name))
		}
		runtime.GOMAXPROCS(cfg.Process.Threads)
		p, err := wire(cfg, version, log)
		if err != nil {
			return err
		}
		defer p.close()
		if err := p.serveProfiles(c); err != nil {
			return err
		}
		return p.run(c.Context())
	}
}

// process is what one Ottoscaler is made of:
//
//	Redis Stream ── Source ──▶ Manager ──▶ Cluster ── POST, DELETE ──▶ API server
//	                             │  ▲                                     │
//	 records, status ◀─ Journal ─┘  └───────────── watch ◀────────────────┘
//
// Beside it a Server answers probes and scrapes, whoever leads. Between the three a Meter counts, and a Emitter hears what
// needs a person and has it written as Kubernetes Events.
type process struct {
	log      *slog.Logger
	cfg      config.Config
	redis    *redis.Client
	cluster  *k8s.Client
	lease    *k8s.Lease // nil: no leader election
	recorder *k8s.Recorder
	emitter   *kubeevents.Emitter
	settings worker.Settings
	servers  []serving
	meter    *server.Meter

	leading atomic.Bool
	manager atomic.Pointer[worker.Manager]   // of the present term; nil between terms
	foreign atomic.Pointer[redis.OwnedError] // why the last term could not begin, if the stream is somebody else's
}

// serving is a Server, and the setting that says where it listens.
type serving struct {
	setting string
	*server.Server
}

// wire builds everything and starts nothing.
func wire(cfg config.Config, version string, log *slog.Logger) (*process, error) {
	// Libraries log where we do.
	routeKlog(log)
	redis.LogTo(log)

	// What a worker may look like is the operator's alone; events name a template at most.
	templates, err := k8s.LoadTemplates(templateOptions(cfg.Workers))
	if err != nil {
		return nil, usageError{fail(trouble.Template, err)}
	}
	names := event.NewNames(cfg.Workers.Instance, cfg.Redis.Stream)

	// The cluster the workers live in.
	access, namespace, err := k8s.LoadConfig()
	if err != nil {
		return nil, fail(trouble.Access, err)
	}
	if cfg.Workers.Namespace == "" {
		cfg.Workers.Namespace = namespace
	}
	clock := new(k8s.Clock)
	lease, err := newLease(access, cfg, version, clock, log)
	if err != nil {
		return nil, fail(trouble.Access, err)
	}

	// What needs a person becomes a Kubernetes Event: a emitter finds it, a recorder writes it.
	recorder, err := newRecorder(access, cfg, version, clock, guard(lease), log)
	if err != nil {
		return nil, fail(trouble.Access, err)
	}
	emitter := kubeevents.NewEmitter(recorder)

	cluster, err := k8s.New(access, k8s.Options{
		Namespace: cfg.Workers.Namespace, Instance: cfg.Workers.Instance, Stream: cfg.Redis.Stream, Names: names,
		Templates: templates, Guard: guard(lease), Denied: emitter.WatchDenied, Clock: clock, Version: version, Logger: log,
	})
	if err != nil {
		return nil, fail(trouble.Access, err)
	}

	// The Redis that events come from and records go to.
	client, err := redis.NewClient(redisOptions(cfg.Redis))
	if err != nil {
		return nil, usageError{fail(trouble.Redis, err)}
	}
	p := &process{
		log: log, cfg: cfg, redis: client, cluster: cluster, lease: lease, recorder: recorder, emitter: emitter,
		settings: settings(cfg.Workers, cfg.Process, names, templates),
	}

	// What Kubernetes and Prometheus ask.
	meter, metrics := server.NewMetrics(prometheus.NewRegistry(), server.MetricsOptions{
		Version: version, Templates: templates.Names(), Checks: p.checks(),
		Leading: p.leading.Load, Workers: p.snapshot, Stream: p.stream,
	})
	p.meter = meter
	p.servers = []serving{{"OTTO_HTTP_ADDR", server.New(server.Options{
		Addr: cfg.Process.HTTPAddr, Checks: p.checks(), Metrics: metrics, Logger: log,
	})}}
	return p, nil
}

// newRecorder writes Events about our Deployment, else our Pod; where neither is known, none.
func newRecorder(
	access *rest.Config, cfg config.Config, version string, clock *k8s.Clock, guard func() (time.Time, bool), log *slog.Logger,
) (*k8s.Recorder, error) {
	p := cfg.Process
	return k8s.NewRecorder(access, k8s.RecorderOptions{
		Namespace: home(p, cfg.Workers.Namespace), Deployment: p.Deployment, Pod: p.PodName, Identity: k8s.Identity(p.PodName),
		Version: version, Clock: clock, Guard: guard, Logger: log,
	})
}

func templateOptions(w config.Workers) k8s.TemplateOptions {
	return k8s.TemplateOptions{
		Dir: w.Templates, Image: w.AgentImage, Requests: w.AgentRequests, Limits: w.AgentLimits, Deadline: w.Deadline,
	}
}

func redisOptions(c config.Redis) redis.Options {
	return redis.Options{
		Addr: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Username: c.Username, Password: string(c.Password),
		PasswordFile: c.PasswordFile, DB: c.DB, TLS: c.TLS, CAFile: c.TLSCAFile, CertFile: c.TLSCertFile,
		KeyFile: c.TLSKeyFile, SentinelMaster: c.SentinelMaster, SentinelAddrs: c.SentinelAddrs,
	}
}

func settings(w config.Workers, p config.Process, names event.Names, t *k8s.Templates) worker.Settings {
	return worker.Settings{
		Rules:      event.Rules{MaxPods: w.MaxPodsPerEvent, Deadlines: t.Deadlines()},
		Names:      names,
		MaxWorkers: w.MaxWorkers, MaxWaiting: w.MaxWaitingEvents, MaxAttempts: w.MaxAttempts,
		CreateConcurrency: p.CreateConcurrency, DeleteConcurrency: deleteConcurrency,
		PendingTimeout: w.PendingTimeout, ImagePullTimeout: w.ImagePullTimeout,
		SucceededTTL: w.SucceededTTL, FailedTTL: w.FailedTTL,
	}
}

func (p *process) close() {
	if err := p.redis.Close(); err != nil {
		p.log.Debug("closing the connections to Redis", "error", err)
	}
}

// run serves probes as long as it acts: from before it waits for its neighbours until everything is finished.
func (p *process) run(ctx context.Context) error {
	for _, s := range p.servers {
		if err := s.Listen(); err != nil {
			return fail(trouble.Port, fmt.Errorf("%s: %w", s.setting, err))
		}
	}
	acting, fail := context.WithCancel(ctx)
	defer fail()
	beyond, stop := context.WithCancel(context.WithoutCancel(ctx))
	var served errgroup.Group
	for _, s := range p.servers {
		served.Go(func() error {
			defer fail()
			return s.Run(beyond)
		})
	}
	served.Go(func() error { return newCollector().Run(beyond) })
	err := p.act(acting)
	stop()
	return errors.Join(err, served.Wait())
}

// act acts until ctx is done: then reading ends at once, and what is in flight has the grace period. With a Lease it acts
// only while it holds it.
func (p *process) act(ctx context.Context) error {
	if err := p.ready(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop before it began
		}
		return err
	}
	p.log.Info("ottoscaler is ready", "stream", p.cfg.Redis.Stream, "group", p.cfg.Redis.ConsumerGroup,
		"consumer", p.cfg.Redis.Consumer, "namespace", p.cfg.Workers.Namespace, "max_workers", p.cfg.Workers.MaxWorkers)
	if p.lease == nil {
		p.lead(ctx)
	} else {
		_ = p.lease.Run(ctx, p.lead) // its error is ctx's: we were told to stop
	}
	p.log.Info("ottoscaler has stopped")
	return nil
}

// ready waits for both neighbours at once, so that a person learns of both.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var both errgroup.Group
	errs := make([]error, 2)
	both.Go(func() error { errs[0] = fail(trouble.Redis, p.redis.Ready(ctx)); return nil })
	both.Go(func() error { errs[1] = fail(trouble.Kubernetes, p.cluster.Ready(ctx)); return nil })
	_ = both.Wait()
	switch {
	case errs[0] != nil && errs[1] != nil:
		return fmt.Errorf("%w; and %w", errs[0], errs[1])
	case errs[0] != nil:
		return errs[0]
	}
	return errs[1]
}
