package config

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says, checked. The comments of the fields become the reference in docs/configuration.md.
type Config struct {
	Redis   Redis
	Workers Workers
	Process Process
}

// Redis is where events come from and records are kept.
type Redis struct {
	// The Redis server.
	Host string `env:"REDIS_HOST" envDefault:"host.docker.internal"`
	// Its port.
	Port int `env:"REDIS_PORT" envDefault:"6379"`
	// The ACL user; unset: Redis' default user.
	Username string `env:"REDIS_USERNAME"`
	// The password. Prefer the file: an environment is easily printed.
	Password Secret `env:"REDIS_PASSWORD"`
	// A file whose first line is the password, read again for every new connection.
	PasswordFile string `env:"REDIS_PASSWORD_FILE"`
	// The number of the database.
	DB int `env:"REDIS_DB" envDefault:"0"`
	// Speak TLS. The certificate is always verified.
	TLS bool `env:"REDIS_TLS" envDefault:"false"`
	// The certificates to trust instead of the system's.
	TLSCAFile string `env:"REDIS_TLS_CA_FILE"`
	// Our own certificate, for a server that asks for one; read again for every new connection.
	TLSCertFile string `env:"REDIS_TLS_CERT_FILE"`
	// The key of that certificate.
	TLSKeyFile string `env:"REDIS_TLS_KEY_FILE"`
	// Ask sentinels for the master of this name instead of using `REDIS_HOST` and `REDIS_PORT`.
	SentinelMaster string `env:"REDIS_SENTINEL_MASTER"`
	// The sentinels to ask.
	SentinelAddrs []string `env:"REDIS_SENTINEL_ADDRS"`
	// The stream to read events from.
	Stream string `env:"REDIS_STREAM" envDefault:"otto:scale:events"`
	// The consumer group to read it with; created when it does not exist.
	ConsumerGroup string `env:"REDIS_CONSUMER_GROUP" envDefault:"ottoscaler"`
	// The consumer's name in that group, the same for every replica and every restart: under it the next one finds
	// what is pending.
	Consumer string `env:"REDIS_CONSUMER" envDefault:"ottoscaler-1"`
	// How long entries stay in the stream that every group has dealt with; `0`: it is never trimmed.
	Retention time.Duration `env:"OTTO_STREAM_RETENTION" envDefault:"168h"`
}

// Workers is how worker Pods are made, watched and cleaned up.
type Workers struct {
	// The image of the built-in worker.
	AgentImage string `env:"OTTO_AGENT_IMAGE" envDefault:"busybox:latest"`
	// Where worker Pods live; unset: our own namespace in a cluster, else the kubeconfig's, else `default`.
	Namespace string `env:"OTTO_NAMESPACE"`
	// The name of this installation: two in one namespace need two names. It is a label of every worker Pod.
	Instance string `env:"OTTO_INSTANCE" envDefault:"ottoscaler"`
	// How many worker Pods may live at once; further slots wait in stream order.
	MaxWorkers int `env:"OTTO_MAX_WORKERS" envDefault:"100"`
	// The highest `pod_count` an event may ask for; above it the event is rejected.
	MaxPodsPerEvent int `env:"OTTO_MAX_PODS_PER_EVENT" envDefault:"1000"`
	// How many events may wait for room before reading rests.
	MaxWaitingEvents int `env:"OTTO_MAX_WAITING_EVENTS" envDefault:"100000"`
	// How many Pods a worker may get when the infrastructure fails under it. A program that fails is never run again.
	MaxAttempts int `env:"OTTO_MAX_ATTEMPTS" envDefault:"3"`
	// What the built-in worker requests.
	AgentRequests map[string]string `env:"OTTO_AGENT_REQUESTS" envDefault:"cpu=100m,memory=64Mi" envKeyValSeparator:"="`
	// What the built-in worker is limited to.
	AgentLimits map[string]string `env:"OTTO_AGENT_LIMITS" envDefault:"cpu=500m,memory=256Mi" envKeyValSeparator:"="`
	// A folder of PodTemplateSpecs, one `NAME.yaml` each, that events may name in their field `template`.
	Templates string `env:"OTTO_WORKER_TEMPLATES"`
	// How long a worker may run before it is stopped and has `failed`. A template may set its own.
	Deadline time.Duration `env:"OTTO_WORKER_DEADLINE" envDefault:"6h"`
	// How long a worker may wait without progress to get a Pod or a node before it has `failed`.
	PendingTimeout time.Duration `env:"OTTO_PENDING_TIMEOUT" envDefault:"15m"`
	// How long a node may try to pull a worker's image before the worker has `failed`.
	ImagePullTimeout time.Duration `env:"OTTO_IMAGE_PULL_TIMEOUT" envDefault:"2m"`
	// How long the Pod of a worker that `succeeded` is kept.
	SucceededTTL time.Duration `env:"OTTO_SUCCEEDED_TTL" envDefault:"30s"`
	// How long the Pod of a worker that `failed` is kept, for `kubectl logs` and `kubectl describe`.
	FailedTTL time.Duration `env:"OTTO_FAILED_TTL" envDefault:"10m"`
	// How long the record of a closed event, and its idempotency key, are kept.
	RecordTTL time.Duration `env:"OTTO_RECORD_TTL" envDefault:"24h"`
}

// Process is how this process works and what it logs.
type Process struct {
	// Where health (`/livez`, `/readyz`) and metrics (`/metrics`) are served; with port 0 on any free one.
	HTTPAddr string `env:"OTTO_HTTP_ADDR" envDefault:":8080"`
	// Act only while holding a Lease in Kubernetes, so that several replicas may run: one acts, the others wait. Without it
	// run one replica, and stop it before the next one starts.
	LeaderElect bool `env:"OTTO_LEADER_ELECT" envDefault:"true"`
	// Who we are to the Lease, from the downward API: a restarted container finds its own Lease at once. Unset: the host's
	// name, the process ID and something random.
	PodName string `env:"POD_NAME"`
	// Where the Lease is; unset: where the workers are.
	PodNamespace string `env:"POD_NAMESPACE"`
	// The Deployment that runs us, in the namespace of the Lease: what needs a person is written as Kubernetes Events about
	// it. Unset: about our Pod, if `POD_NAME` is set; else no Events are written.
	Deployment string `env:"OTTO_DEPLOYMENT"`
	// How many Pods may be in creation at once; above 96 Kubernetes clients open extra connections and get slower.
	CreateConcurrency int `env:"OTTO_CREATE_CONCURRENCY" envDefault:"32"`
	// How many cores are computed on at once, as in every Go program. One serves more workers a second than most API servers
	// can create, and handing work from core to core costs CPU time.
	Threads int `env:"GOMAXPROCS" envDefault:"1"`
	// The least important lines to log.
	LogLevel slog.Level `env:"OTTO_LOG_LEVEL" envDefault:"info"`
	// The form of the lines; `auto` is `text` on a terminal, `json` elsewhere.
	LogFormat string `env:"OTTO_LOG_FORMAT" envDefault:"auto"`
}

// Secret is text that no log line and no error shows. Convert it to a string where it is used.
type Secret string

// String hides the secret but for whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides it from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue hides it from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides it from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Environ is the environment of this process, for Load and Unknown.
func Environ() map[string]string { return env.ToMap(os.Environ()) }

// Load checks and parses an environment. An empty variable counts as unset. The error has one line per wrong variable,
// in the order of the reference, each complete by itself: the variable, what it got, what it takes.
func Load(environ map[string]string) (Config, error) {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return Config{}, fmt.Errorf("the configuration's own tags: %w", err)
	}
	set := set(environ, fields)
	if err := check(set, fields); err != nil {
		return Config{}, err
	}
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: set})
	if err != nil { // what passed the rules parses; see TestWhatPassesParses
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return cfg, nil
}

// set is every variable of ours with its value or its default; those without either are left out.
func set(environ map[string]string, fields []env.FieldParams) map[string]string {
	m := make(map[string]string, len(fields))
	for _, f := range fields {
		v := environ[f.Key]
		if v == "" {
			v = f.DefaultValue
		}
		if v != "" {
			m[f.Key] = v
		}
	}
	return m
}

// check holds every variable against its own rule, then, if that went well, against the others.
func check(set map[string]string, fields []env.FieldParams) error {
	var wrong []error
	byName := rules()
	for _, f := range fields {
		r := byName[f.Key]
		if v, ok := set[f.Key]; ok && !r.ok(v) {
			wrong = append(wrong, r.complain(f.Key, v))
		}
	}
	if len(wrong) == 0 {
		wrong = contradictions(set)
	}
	return errors.Join(wrong...)
}

// Names lists the variables in the order of the reference.
func Names() []string {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		names = append(names, f.Key)
	}
	return names
}

// Unknown lists, sorted, the variables that begin with OTTO_, are not empty and mean nothing here: misspelled ones,
// or those of another version. They are worth a warning, with Suggest, and no more.
func Unknown(environ map[string]string) []string {
	known := Names()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(environ)), func(name string) bool {
		return environ[name] == "" || !isOurs(name) || slices.Contains(known, name)
	})
}

// Usage lists every variable with its default and what it takes, a line each, for the help of a command.
func Usage() string {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return ""
	}
	var b strings.Builder
	byName := rules()
	for _, f := range fields {
		fmt.Fprintf(&b, "  %-24s %s", f.Key, byName[f.Key].takes)
		if f.DefaultValue != "" {
			fmt.Fprintf(&b, " [%s]", f.DefaultValue)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
