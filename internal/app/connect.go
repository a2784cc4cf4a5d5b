package app

import (
	"cmp"
	"log/slog"
	"net"
	"strconv"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/tracecontext"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// ConfigError is a failure that only another configuration resolves.
type ConfigError struct{ Err error }

// Error implements error.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// RouteLibraryLogs sends the log lines of client-go and go-redis to log. It is process-wide: call it once, before New.
func RouteLibraryLogs(log *slog.Logger) {
	klog.SetSlogLogger(log.With("from", "client-go"))
	redis.LogTo(log)
}

// NewRedis returns a client that connects on first use. Its error is a ConfigError.
func NewRedis(c config.Redis) (*redis.Client, error) {
	client, err := redis.NewClient(redis.Options{
		Addr: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Username: c.Username, Password: string(c.Password),
		PasswordFile: c.PasswordFile, DB: c.DB, TLS: c.TLS, CAFile: c.TLSCAFile, CertFile: c.TLSCertFile,
		KeyFile: c.TLSKeyFile, SentinelMaster: c.SentinelMaster, SentinelAddrs: c.SentinelAddrs,
	})
	if err != nil {
		return nil, &ConfigError{errcode.Wrap(errcode.Redis, err)}
	}
	return client, nil
}

// TemplateOptions are the settings of the Pods of workers.
func TemplateOptions(w config.Workers) templates.Options {
	return templates.Options{
		Dir: w.Templates, Image: w.AgentImage, Command: w.AgentCommand, Args: w.AgentArgs,
		Requests: w.AgentRequests, Limits: w.AgentLimits, Deadline: w.Deadline,
	}
}

// LoadTemplates returns the built-in worker template and those of the operator's folder. Its error is a ConfigError.
func LoadTemplates(w config.Workers) (*templates.Set, error) {
	set, err := templates.Load(TemplateOptions(w))
	if err != nil {
		return nil, &ConfigError{errcode.Wrap(errcode.Template, err)}
	}
	return set, nil
}

// LoadQueues returns the operator's policy for queues, the default one without a file. Its error is a ConfigError.
func LoadQueues(w config.Workers) (*queue.Policy, error) {
	p, err := config.LoadQueues(w.Queues)
	if err != nil {
		return nil, &ConfigError{errcode.Wrap(errcode.Queues, err)}
	}
	return p, nil
}

// ClusterAccess returns how to reach Kubernetes, found as every Kubernetes client finds it, and the namespace of the workers.
// The namespace is valid beside an error too, if it is configured.
func ClusterAccess(w config.Workers) (access *rest.Config, namespace string, err error) {
	access, namespace, err = k8s.LoadConfig()
	return access, cmp.Or(w.Namespace, namespace), errcode.Wrap(errcode.ClusterAccess, err)
}

// ClusterOptions are those of a client that creates nothing. The namespace of the workers must be set in cfg.
func ClusterOptions(cfg config.Config, set *templates.Set, version string, log *slog.Logger) pods.Options {
	return pods.Options{
		Namespace: cfg.Workers.Namespace, Instance: cfg.Workers.Instance, Stream: cfg.Redis.Stream, Names: Names(cfg),
		Templates: set, Version: version, Logger: log, Traceparent: traceparent(cfg),
	}
}

// traceparent names the span of a worker's attempt, if spans are exported; nil: they are not, and the producer's is passed on.
func traceparent(cfg config.Config) func(e *event.Event, slot, attempt int) string {
	if cfg.Traces.URL() == "" {
		return nil
	}
	naming := cfg.TraceNaming()
	return func(e *event.Event, slot, attempt int) string {
		return naming.Traceparent(tracecontext.Origin{EventID: e.EventID.String(), Traceparent: e.Traceparent}, slot, attempt)
	}
}

// Names are those of the Pods of this installation.
func Names(cfg config.Config) event.Names {
	return event.NewNames(cfg.Workers.Instance, cfg.Redis.Stream)
}

// LeaseName is the name of the Lease of this installation.
func LeaseName(cfg config.Config) string {
	return leader.LeaseName(cfg.Workers.Instance, cfg.Redis.Stream)
}

// SystemNamespace is the namespace of the Lease and of Kubernetes Events; workers is that of the workers.
func SystemNamespace(p config.Process, workers string) string { return cmp.Or(p.PodNamespace, workers) }
