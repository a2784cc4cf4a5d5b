package config

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is the validated environment. The comments of the fields are the reference in docs/configuration.md.
type Config struct {
	Redis   Redis
	Workers Workers
	API     API
	Process Process
	Traces  Traces
}

// Redis is the server of the events and the records.
type Redis struct {
	// The host of the Redis server.
	Host string `env:"REDIS_HOST" envDefault:"host.docker.internal"`
	// The port of the Redis server.
	Port int `env:"REDIS_PORT" envDefault:"6379"`
	// The ACL user. Unset: Redis' default user.
	Username string `env:"REDIS_USERNAME"`
	// The password. Prefer `REDIS_PASSWORD_FILE`: environment variables are easily exposed.
	Password Secret `env:"REDIS_PASSWORD"`
	// A file whose first line is the password. It is read again for every new connection.
	PasswordFile string `env:"REDIS_PASSWORD_FILE"`
	// The database number.
	DB int `env:"REDIS_DB" envDefault:"0"`
	// Use TLS. The server's certificate is always verified.
	TLS bool `env:"REDIS_TLS" envDefault:"false"`
	// CA certificates to trust instead of the system's.
	TLSCAFile string `env:"REDIS_TLS_CA_FILE"`
	// The client certificate, for a server that requires one. It is read again for every new connection.
	TLSCertFile string `env:"REDIS_TLS_CERT_FILE"`
	// The private key of the client certificate.
	TLSKeyFile string `env:"REDIS_TLS_KEY_FILE"`
	// The master name in Redis Sentinel. If set, the sentinels give the address, and `REDIS_HOST` and `REDIS_PORT` are ignored.
	SentinelMaster string `env:"REDIS_SENTINEL_MASTER"`
	// The addresses of the sentinels.
	SentinelAddrs []string `env:"REDIS_SENTINEL_ADDRS"`
	// The stream to read events from.
	Stream string `env:"REDIS_STREAM" envDefault:"otto:scale:events"`
	// The consumer group that reads the stream. It is created if it does not exist.
	ConsumerGroup string `env:"REDIS_CONSUMER_GROUP" envDefault:"ottoscaler"`
	// The consumer name in the group. Keep it the same for all replicas and across restarts: the next leader finds pending
	// entries under it.
	Consumer string `env:"REDIS_CONSUMER" envDefault:"ottoscaler-1"`
	// How long entries stay in the stream after every consumer group has acknowledged them. `0`: the stream is never trimmed.
	Retention time.Duration `env:"OTTO_STREAM_RETENTION" envDefault:"168h"`
	// How many entries the status stream keeps, about: Redis removes the oldest ones in blocks. A thousand take about 300 kB, and
	// up to 4 MB where workers write such large results. A reader that was away for longer than they last misses some, and finds
	// the outcomes in the records of its events.
	StatusMaxLen int64 `env:"OTTO_STATUS_MAX_LEN" envDefault:"100000"`
	// How long entries stay in the status stream at most. `0`: as long as `OTTO_STATUS_MAX_LEN` allows.
	StatusRetention time.Duration `env:"OTTO_STATUS_RETENTION" envDefault:"0"`
}

// Workers are the settings of worker Pods.
type Workers struct {
	// The image of the built-in worker. The image's own entrypoint runs; only the default image runs a demo, which sleeps for 30
	// seconds. `busybox` is the default image too, with or without `:latest`, `library/` and `docker.io/`. With another registry,
	// another tag or a digest it is not.
	AgentImage string `env:"OTTO_AGENT_IMAGE" envDefault:"busybox:latest"`
	// The `command` of the built-in worker's container, instead of the image's entrypoint or the demo. It runs without a shell.
	// Kubernetes replaces `$(OTTO_TASK_ID)`; in a shell script write `"$OTTO_TASK_ID"`, or a producer's text becomes a part of it.
	AgentCommand Words `env:"OTTO_AGENT_COMMAND"`
	// The `args` of the built-in worker's container, instead of the image's own or the demo.
	AgentArgs Words `env:"OTTO_AGENT_ARGS"`
	// The namespace of the worker Pods. Unset: Ottoscaler's own namespace in a cluster, else the kubeconfig's, else `default`.
	Namespace string `env:"OTTO_NAMESPACE"`
	// The name of this installation, a label of every worker Pod. Two installations in one namespace need different names.
	Instance string `env:"OTTO_INSTANCE" envDefault:"ottoscaler"`
	// The maximum number of worker Pods that are running or pending. Further workers wait in stream order.
	MaxWorkers int `env:"OTTO_MAX_WORKERS" envDefault:"100"`
	// The maximum `pod_count` of an event. An event above it is rejected.
	MaxPodsPerEvent int `env:"OTTO_MAX_PODS_PER_EVENT" envDefault:"1000"`
	// The maximum number of events that wait for capacity. When it is reached, intake is paused until some have started.
	MaxWaitingEvents int `env:"OTTO_MAX_WAITING_EVENTS" envDefault:"100000"`
	// The maximum number of Pods per worker. A worker gets another Pod after an infrastructure failure only: a program that
	// fails is never run again.
	MaxAttempts int `env:"OTTO_MAX_ATTEMPTS" envDefault:"3"`
	// The resource requests of the built-in worker.
	AgentRequests map[string]string `env:"OTTO_AGENT_REQUESTS" envDefault:"cpu=100m,memory=64Mi" envKeyValSeparator:"="`
	// The resource limits of the built-in worker.
	AgentLimits map[string]string `env:"OTTO_AGENT_LIMITS" envDefault:"cpu=500m,memory=256Mi" envKeyValSeparator:"="`
	// A folder of PodTemplateSpecs, one file `NAME.yaml` each. Events select one with their field `template`.
	// The folder is read again when its contents change.
	Templates string `env:"OTTO_WORKER_TEMPLATES"`
	// A YAML file with weights, caps and priorities of queues, and what events may change of a template: see
	// [queues.md](queues.md). It is read again when it changes. Unset: every queue gets the same.
	Queues string `env:"OTTO_QUEUES_FILE"`
	// The maximum run time of a worker. After it the worker is stopped and `failed`. A template may set its own.
	Deadline time.Duration `env:"OTTO_WORKER_DEADLINE" envDefault:"6h"`
	// How long a worker may wait for a Pod or a node without progress before it is `failed`.
	PendingTimeout time.Duration `env:"OTTO_PENDING_TIMEOUT" envDefault:"15m"`
	// How long a Pod may have a node without anything of it starting, such as for a volume that does not come, before the worker
	// is `failed`. If it is unset and `OTTO_PENDING_TIMEOUT` is shorter, that applies.
	StartTimeout time.Duration `env:"OTTO_START_TIMEOUT" envDefault:"10m"`
	// How long a node may try to pull a worker's image before the worker is `failed`.
	ImagePullTimeout time.Duration `env:"OTTO_IMAGE_PULL_TIMEOUT" envDefault:"2m"`
	// How long the Pod of a worker that `succeeded` is kept.
	SucceededTTL time.Duration `env:"OTTO_SUCCEEDED_TTL" envDefault:"30s"`
	// How long the Pod of a worker that `failed` is kept, for `kubectl logs` and `kubectl describe`.
	FailedTTL time.Duration `env:"OTTO_FAILED_TTL" envDefault:"10m"`
	// How long the record and the idempotency key of a closed event are kept.
	RecordTTL time.Duration `env:"OTTO_RECORD_TTL" envDefault:"24h"`
}

// API are the settings of `ottoscaler serve`.
type API struct {
	// The address of the [HTTP API](api.md). With port 0 any free port is used.
	Addr string `env:"OTTO_API_ADDR" envDefault:":8090"`
	// Whether the API sends events and commands of operators. Without it the API only reads, whatever the token.
	Write bool `env:"OTTO_API_WRITE" envDefault:"false"`
	// A file with the tokens of the API: a list in YAML or JSON, see [api.md](api.md#tokens). It is read again when it changes.
	// Unset: everybody who reaches the API may read, and nobody may write.
	TokensFile string `env:"OTTO_API_TOKENS_FILE"`
	// Who decides who may do what: `tokens`, the file; `kubernetes`, the API server, which knows the token and, by RBAC, what its
	// user may do with `events.ottoscaler.io` in the namespace of the workers.
	Auth string `env:"OTTO_API_AUTH" envDefault:"tokens"`
}

// Process are the settings of this process.
type Process struct {
	// The address of the health (`/livez`, `/readyz`) and metrics (`/metrics`) endpoints. With port 0 any free port is used.
	HTTPAddr string `env:"OTTO_HTTP_ADDR" envDefault:":8080"`
	// Use leader election with a Kubernetes Lease: one of several replicas leads, the others stand by. Without it run one
	// replica only, and stop it before the next one starts.
	LeaderElect bool `env:"OTTO_LEADER_ELECT" envDefault:"true"`
	// The identity in the Lease, from the downward API: a restarted container gets its own Lease back at once. Unset: the host
	// name, the process ID and a random suffix.
	PodName string `env:"POD_NAME"`
	// The namespace of the Lease and of Kubernetes Events. Unset: the namespace of the workers.
	PodNamespace string `env:"POD_NAMESPACE"`
	// The Deployment of Ottoscaler, in the namespace of the Lease. Kubernetes Events about failures refer to it. Unset: they
	// refer to the Pod, if `POD_NAME` is set; else no Events are written.
	Deployment string `env:"OTTO_DEPLOYMENT"`
	// The maximum number of concurrent Pod creations. `auto`: 32. Below it the number follows what the API server can take. Above
	// 96 the Kubernetes client would need more connections and be slower.
	CreateConcurrency Concurrency `env:"OTTO_CREATE_CONCURRENCY" envDefault:"auto"`
	// The maximum threads running Go code, as in every Go program. One thread starts more workers per second than most API
	// servers can create, and moving work between threads costs CPU time.
	Threads int `env:"GOMAXPROCS" envDefault:"1"`
	// The minimum log level.
	LogLevel slog.Level `env:"OTTO_LOG_LEVEL" envDefault:"info"`
	// The log format. `auto`: `text` on a terminal, `json` elsewhere.
	LogFormat string `env:"OTTO_LOG_FORMAT" envDefault:"auto"`
}

const (
	autoConcurrency = "auto"
	autoCeiling     = 32 // beyond it the rate of creations hardly grows, while each takes longer
)

// Concurrency is a number of requests in flight.
type Concurrency int

// UnmarshalText reads a number or `auto`.
func (c *Concurrency) UnmarshalText(b []byte) error {
	if string(b) == autoConcurrency {
		*c = autoCeiling
		return nil
	}
	n, err := strconv.Atoi(string(b))
	*c = Concurrency(n)
	return err
}

// Secret is text that appears in no log line and no error. Convert it to a string where it is used.
type Secret string

// String shows only whether the secret is set.
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

// User is the name of whoever runs this process; empty: the environment does not say.
func User() string { return os.Getenv("USER") }

// Load validates and parses an environment. An empty variable counts as unset. The error has one line per invalid variable, in
// the order of the reference, with its name, its value and what it takes.
func Load(environ map[string]string) (Config, error) {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return Config{}, fmt.Errorf("reading the tags of Config: %w", err)
	}
	values := withDefaults(environ, fields)
	ignoreTraces(values, fields)
	if err := validate(values, fields); err != nil {
		return Config{}, err
	}
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: values})
	if err != nil { // a value that passes its rule parses: see TestEveryVariableArrives
		return Config{}, fmt.Errorf("parsing the environment: %w", err)
	}
	return cfg, nil
}

// withDefaults returns every variable of Config with its value or its default; one without either is left out.
func withDefaults(environ map[string]string, fields []env.FieldParams) map[string]string {
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
	if environ[startTimeout] == "" {
		m[startTimeout] = shorter(m[startTimeout], m["OTTO_PENDING_TIMEOUT"])
	}
	return m
}

// startTimeout is the variable whose default depends on another one: who has no patience for a node has none for a volume.
const startTimeout = "OTTO_START_TIMEOUT"

// shorter returns the shorter one of two durations; the first one, if the other is not valid.
func shorter(a, b string) string {
	da, _ := time.ParseDuration(a)
	if db, _ := time.ParseDuration(b); duration(time.Second).valid(b) && db < da {
		return b
	}
	return a
}

// validate checks every variable by its own rule and then, if all pass, together with the others.
func validate(values map[string]string, fields []env.FieldParams) error {
	var invalid []error
	byName := rules()
	for _, f := range fields {
		r := byName[f.Key]
		if v, ok := values[f.Key]; ok && !r.valid(v) {
			invalid = append(invalid, r.describe(f.Key, v))
		}
	}
	if len(invalid) == 0 {
		invalid = conflicts(values)
	}
	return errors.Join(invalid...)
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

// Unknown lists, sorted, the variables that begin with OTTO_, are not empty and are not of this version: misspelled ones, or
// those of another version. The caller warns about them, with Suggest.
func Unknown(environ map[string]string) []string {
	known := Names()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(environ)), func(name string) bool {
		return environ[name] == "" || !hasPrefix(name) || slices.Contains(known, name)
	})
}
