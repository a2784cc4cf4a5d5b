package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	startTimeout      = 10 * time.Second // for Redis and Kubernetes to answer at the start
	gracePeriod       = 20 * time.Second // for what is in flight at the stop; a Pod has 30 s by default
	deleteConcurrency = 16
)

func newRun(version string) *cobra.Command {
	var pprof string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Read the stream and run workers until stopped (the default command)",
		Long: `Read the stream and run workers until SIGTERM or SIGINT. Everything is configured by the environment:

` + config.Usage() + `
Kubernetes is found as every client does: in a cluster by the Pod's ServiceAccount, else by KUBECONFIG, else by
~/.kube/config.

Exit codes: 0 stopped, 1 Redis or Kubernetes cannot be reached, 2 usage or configuration.`,
		Example: `  REDIS_HOST=localhost KUBECONFIG=./kubeconfig ottoscaler run`,
		Args:    noArgs,
		RunE:    runE(version, &pprof),
	}
	cmd.Flags().StringVar(&pprof, "pprof", "", "serve profiles for go tool pprof on this loopback `address`, such as 127.0.0.1:6060")
	return cmd
}

// runE runs with profiles served at an address, if there is one.
func runE(version string, pprof *string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		if err := loopback(*pprof); err != nil {
			return usageError{err}
		}
		environ := config.Environ()
		cfg, err := config.Load(environ)
		if err != nil {
			return usageError{err}
		}
		log := newLogger(c.ErrOrStderr(), cfg.Process)
		for _, name := range config.Unknown(environ) {
			log.Warn("an environment variable is not known and ignored", "variable", name, "did_you_mean", config.Suggest(name))
		}
		p, err := wire(cfg, version, log)
		if err != nil {
			return err
		}
		defer p.close()
		stop, err := profiles(*pprof, log)
		if err != nil {
			return err
		}
		defer stop()
		return p.run(c.Context())
	}
}

// process is what one Ottoscaler is made of:
//
//	Redis Stream ── Source ──▶ Manager ──▶ Cluster ── POST, DELETE ──▶ API server
//	                             │  ▲                                     │
//	 records, status ◀─ Journal ─┘  └───────────── watch ◀────────────────┘
type process struct {
	log      *slog.Logger
	cfg      config.Config
	redis    *redis.Client
	cluster  *k8s.Client
	lease    *k8s.Lease // nil: no leader election
	settings worker.Settings
}

// wire builds everything and starts nothing.
func wire(cfg config.Config, version string, log *slog.Logger) (*process, error) {
	// Libraries log where we do.
	routeKlog(log)
	redis.LogTo(log)

	// What a worker may look like is the operator's alone; events name a template at most.
	templates, err := k8s.LoadTemplates(k8s.TemplateOptions{
		Dir: cfg.Workers.Templates, Image: cfg.Workers.AgentImage, Requests: cfg.Workers.AgentRequests,
		Limits: cfg.Workers.AgentLimits, Deadline: cfg.Workers.Deadline,
	})
	if err != nil {
		return nil, usageError{err}
	}
	names := worker.NewNames(cfg.Workers.Instance, cfg.Redis.Stream)

	// The cluster the workers live in.
	access, namespace, err := k8s.LoadConfig()
	if err != nil {
		return nil, err
	}
	if cfg.Workers.Namespace == "" {
		cfg.Workers.Namespace = namespace
	}
	clock := new(k8s.Clock)
	lease, err := newLease(access, cfg, version, clock, log)
	if err != nil {
		return nil, err
	}
	cluster, err := k8s.New(access, k8s.Options{
		Namespace: cfg.Workers.Namespace, Instance: cfg.Workers.Instance, Stream: cfg.Redis.Stream, Names: names,
		Templates: templates, Guard: guard(lease), Clock: clock, Version: version, Logger: log,
	})
	if err != nil {
		return nil, err
	}

	// The Redis that events come from and records go to.
	client, err := redis.NewClient(redisOptions(cfg.Redis))
	if err != nil {
		return nil, usageError{err}
	}
	return &process{
		log: log, cfg: cfg, redis: client, cluster: cluster, lease: lease,
		settings: settings(cfg.Workers, cfg.Process, names, templates),
	}, nil
}

func redisOptions(c config.Redis) redis.Options {
	return redis.Options{
		Addr: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Username: c.Username, Password: string(c.Password),
		PasswordFile: c.PasswordFile, DB: c.DB, TLS: c.TLS, CAFile: c.TLSCAFile, CertFile: c.TLSCertFile,
		KeyFile: c.TLSKeyFile, SentinelMaster: c.SentinelMaster, SentinelAddrs: c.SentinelAddrs,
	}
}

func settings(w config.Workers, p config.Process, names worker.Names, t *k8s.Templates) worker.Settings {
	return worker.Settings{
		Rules:      worker.Rules{MaxPods: w.MaxPodsPerEvent, Deadlines: t.Deadlines()},
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

// run acts until ctx is done: then reading ends at once, and what is in flight has the grace period. With a Lease it acts
// only while it holds it.
func (p *process) run(ctx context.Context) error {
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
	both.Go(func() error { errs[0] = p.redis.Ready(ctx); return nil })
	both.Go(func() error { errs[1] = p.cluster.Ready(ctx); return nil })
	_ = both.Wait()
	switch {
	case errs[0] != nil && errs[1] != nil:
		return fmt.Errorf("%w; and %w", errs[0], errs[1])
	case errs[0] != nil:
		return errs[0]
	}
	return errs[1]
}
