package app

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/k8s/recorder"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
	"github.com/ottoscaler/ottoscaler/internal/metrics"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

const deleteConcurrency = 16

// Options are what New needs besides the configuration.
type Options struct {
	Version      string
	ProfilesAddr string // loopback address of Go's profiles, from --pprof; empty: none are served
	Logger       *slog.Logger
}

// New builds everything and starts nothing:
//
//	Redis Stream ── Source ──▶ Manager ──▶ Cluster ── POST, DELETE ──▶ API server
//	                             │  ▲                                     │
//	 records, status ◀─ Journal ─┘  └───────────── watch ◀────────────────┘
//
// Source, Journal and Manager live for a term, see term. Between them and the Manager an Instrumenter counts, and an Emitter turns what
// needs a person into Kubernetes Events. Beside them a Server answers probes and scrapes, and a reloader watches the operator's files, on a
// leader and on a standby.
func New(cfg config.Config, o Options) (*App, error) {
	a := &App{log: o.Logger, reloads: make(chan struct{}, 1)}

	// The operator decides who gets how much and what a worker may be; an event only names a queue and a template.
	var err error
	a.reloader, err = newReloader(cfg.Workers, reloaderOptions{Reloaded: a.reloaded, Failed: a.reloadFailed, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	set := a.reloader.current.Load().templates
	logWarnings(set, o.Logger)

	// The cluster of the workers. Pods are written only under the Lease.
	access, namespace, err := ClusterAccess(cfg.Workers)
	if err != nil {
		return nil, err
	}
	cfg.Workers.Namespace = namespace
	a.cfg = cfg
	if err := a.wireCluster(access, set, o); err != nil {
		return nil, errcode.Wrap(errcode.ClusterAccess, err)
	}

	// The Redis of the events and records.
	if a.redis, err = NewRedis(cfg.Redis); err != nil {
		return nil, err
	}

	// Probes, scrapes and profiles.
	if err := a.wireServers(set, o); err != nil {
		a.closeRedis()
		return nil, err
	}
	return a, nil
}

// wireCluster builds what talks to the API server. All of it shares one clock: that of the server's answers.
func (a *App) wireCluster(access *rest.Config, set *templates.Set, o Options) (err error) {
	clock := new(k8s.Clock)
	if a.lease, err = newLease(access, a.cfg, o, clock); err != nil {
		return err
	}
	if a.recorder, err = newRecorder(access, a.cfg, o, clock, writeGuard(a.lease)); err != nil {
		return err
	}
	a.emitter = kubeevents.NewEmitter(a.recorder)
	options := ClusterOptions(a.cfg, set, o.Version, o.Logger)
	options.Guard, options.Clock, options.Forbidden = writeGuard(a.lease), clock, a.emitter.WatchDenied
	a.cluster, err = pods.New(access, options)
	return err
}

// newLease returns nil where leader election is off.
func newLease(access *rest.Config, cfg config.Config, o Options, clock *k8s.Clock) (*leader.Lease, error) {
	if !cfg.Process.LeaderElect {
		return nil, nil
	}
	return leader.New(access, leader.Options{
		Namespace: SystemNamespace(cfg.Process, cfg.Workers.Namespace), Name: LeaseName(cfg),
		Identity: leader.Identity(cfg.Process.PodName), MaxWorkers: cfg.Workers.MaxWorkers,
		Version: o.Version, Clock: clock, Logger: o.Logger,
	})
}

// writeGuard says until when writes to the cluster are allowed; nil: always.
func writeGuard(l *leader.Lease) k8s.Guard {
	if l == nil {
		return nil
	}
	return l.Until
}

// newRecorder writes Kubernetes Events about our Deployment, else about our Pod; where neither is known it writes none.
func newRecorder(
	access *rest.Config, cfg config.Config, o Options, clock *k8s.Clock, guard k8s.Guard,
) (*recorder.Recorder, error) {
	p := cfg.Process
	return recorder.New(access, recorder.Options{
		Namespace: SystemNamespace(p, cfg.Workers.Namespace), Deployment: p.Deployment, Pod: p.PodName,
		Identity: leader.Identity(p.PodName), Version: o.Version, Clock: clock, Guard: guard, Logger: o.Logger,
	})
}

func (a *App) wireServers(set *templates.Set, o Options) error {
	instrumenter, handler := metrics.New(prometheus.NewRegistry(), metrics.Options{
		Version: o.Version, Templates: set.Names(), Policy: a.reloader.current.Load().policy, Checks: a.checks(),
		Leading: a.leading.Load, Workers: a.snapshot, Stream: a.streamStats,
	})
	a.instrumenter = instrumenter
	a.servers = []endpoint{{"OTTO_HTTP_ADDR", health.New(health.Options{
		Addr: a.cfg.Process.HTTPAddr, Checks: a.checks(), Metrics: handler, Logger: o.Logger,
	})}}
	if o.ProfilesAddr == "" {
		return nil
	}
	profiles, err := health.NewProfiles(o.ProfilesAddr, o.Logger)
	if err != nil {
		return &ConfigError{fmt.Errorf("--pprof: %w", err)}
	}
	a.servers = append(a.servers, endpoint{"--pprof", profiles})
	return nil
}

// settings are those of a term that starts with these files.
func (a *App) settings(f *files) worker.Settings {
	w, set := a.cfg.Workers, f.templates
	skew := a.cluster.Skew()
	return worker.Settings{
		Rules:      event.Rules{MaxPods: w.MaxPodsPerEvent, Deadlines: set.Deadlines()},
		Names:      Names(a.cfg),
		Policy:     f.policy,
		MaxWorkers: w.MaxWorkers, MaxWaiting: w.MaxWaitingEvents, MaxAttempts: w.MaxAttempts,
		CreateConcurrency: int(a.cfg.Process.CreateConcurrency), DeleteConcurrency: deleteConcurrency,
		PendingTimeout: w.PendingTimeout, StartTimeout: w.StartTimeout, ImagePullTimeout: w.ImagePullTimeout,
		SucceededTTL: w.SucceededTTL, FailedTTL: w.FailedTTL, Skew: skew,
		Protected: a.protects,
	}
}

// protects asks the templates in effect.
func (a *App) protects(template string) bool {
	return a.reloader.current.Load().templates.Protected(template)
}

// reloaded puts what the operator has changed into effect: for Pods and labels here, for the term in followReloads.
func (a *App) reloaded(p *queue.Policy, set *templates.Set, _ []string) {
	logWarnings(set, a.log)
	a.cluster.UseTemplates(set)
	a.instrumenter.Reloaded(p, set.Names())
	select {
	case a.reloads <- struct{}{}:
	default:
	}
}

// reloadFailed is told once for each error. What was in effect stays.
func (a *App) reloadFailed(err error) {
	a.instrumenter.ReloadFailed()
	a.emitter.ReloadFailed(err)
}

// logWarnings logs what templates leave to a guess.
func logWarnings(set *templates.Set, log *slog.Logger) {
	for _, name := range set.Names() {
		for _, w := range set.Warnings(name) {
			errcode.Warn(log, errcode.TemplateWarning, "template", name, "warning", w)
		}
	}
}
