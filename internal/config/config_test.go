package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDefaults(t *testing.T) {
	t.Setenv("REDIS_PORT", "1") // Load reads its argument, not the process's environment
	want := Config{
		Redis: Redis{
			Host: "host.docker.internal", Port: 6379,
			Stream: "otto:scale:events", ConsumerGroup: "ottoscaler", Consumer: "ottoscaler-1",
			Retention: 168 * time.Hour, StatusMaxLen: 100_000,
		},
		Workers: Workers{
			AgentImage: "busybox:latest", Instance: "ottoscaler",
			MaxWorkers: 100, MaxPodsPerEvent: 1000, MaxWaitingEvents: 100_000, MaxAttempts: 3,
			AgentRequests: map[string]string{"cpu": "100m", "memory": "64Mi"},
			AgentLimits:   map[string]string{"cpu": "500m", "memory": "256Mi"},
			Deadline:      6 * time.Hour, PendingTimeout: 15 * time.Minute, StartTimeout: 10 * time.Minute, ImagePullTimeout: 2 * time.Minute,
			SucceededTTL: 30 * time.Second, FailedTTL: 10 * time.Minute, RecordTTL: 24 * time.Hour,
		},
		API:     API{Addr: ":8090", Auth: "tokens"},
		Process: Process{HTTPAddr: ":8080", LeaderElect: true, CreateConcurrency: 32, Threads: 1, LogLevel: slog.LevelInfo, LogFormat: "auto"},
		Traces: Traces{
			Protocol: "http/protobuf", TimeoutMillis: 10_000, Compression: "gzip", Sampler: "parentbased_always_on", ServiceName: "ottoscaler",
		},
	}
	empty := map[string]string{}
	for _, name := range Names() {
		empty[name] = ""
	}
	for name, environ := range map[string]map[string]string{"none": nil, "all empty": empty} {
		got, err := Load(environ)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// example gives every variable a value other than its default.
func example(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"REDIS_HOST": "redis.example", "REDIS_PORT": "6380", "REDIS_USERNAME": "otto", "REDIS_PASSWORD": "",
		"REDIS_PASSWORD_FILE": file, "REDIS_DB": "3", "REDIS_TLS": "true", "REDIS_TLS_CA_FILE": file,
		"REDIS_TLS_CERT_FILE": file, "REDIS_TLS_KEY_FILE": file, "REDIS_SENTINEL_MASTER": "main",
		"REDIS_SENTINEL_ADDRS": "a:26379,[::1]:26380", "REDIS_STREAM": "{tag}:events",
		"REDIS_CONSUMER_GROUP": "group", "REDIS_CONSUMER": "consumer", "OTTO_STREAM_RETENTION": "0",
		"OTTO_STATUS_MAX_LEN": "1000", "OTTO_STATUS_RETENTION": "1h",
		"OTTO_API_ADDR": "127.0.0.1:0", "OTTO_API_WRITE": "true", "OTTO_API_TOKENS_FILE": file, "OTTO_API_AUTH": "tokens",
		"OTTO_HTTP_ADDR": "[::1]:9090", "OTTO_LEADER_ELECT": "false", "POD_NAME": "ottoscaler-7d9f-x2", "POD_NAMESPACE": "system", "OTTO_DEPLOYMENT": "main",
		"OTTO_AGENT_IMAGE": "registry.example:5000/team/agent:1.2", "OTTO_AGENT_COMMAND": `["/agent", "a \"b\",\n한글"]`,
		"OTTO_AGENT_ARGS": `[ "", "$(OTTO_TASK_ID)"]`, "OTTO_NAMESPACE": "builds", "OTTO_INSTANCE": "blue",
		"OTTO_MAX_WORKERS": "7", "OTTO_MAX_PODS_PER_EVENT": "8", "OTTO_MAX_WAITING_EVENTS": "9", "OTTO_MAX_ATTEMPTS": "1",
		"OTTO_AGENT_REQUESTS": "cpu=0.5,memory=1Gi", "OTTO_AGENT_LIMITS": "memory=1Gi,example.com/gpu=1",
		"OTTO_WORKER_TEMPLATES": dir, "OTTO_QUEUES_FILE": file, "OTTO_WORKER_DEADLINE": "0", "OTTO_PENDING_TIMEOUT": "1m", "OTTO_START_TIMEOUT": "2m",
		"OTTO_IMAGE_PULL_TIMEOUT": "1s", "OTTO_SUCCEEDED_TTL": "0", "OTTO_FAILED_TTL": "1h30m", "OTTO_RECORD_TTL": "2h",
		"OTTO_CREATE_CONCURRENCY": "96", "GOMAXPROCS": "2", "OTTO_LOG_LEVEL": "debug", "OTTO_LOG_FORMAT": "json",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://[::1]:4318/otlp/v1/traces",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x, a=b=c", "OTEL_EXPORTER_OTLP_TIMEOUT": "500",
		"OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_EXPORTER_OTLP_CERTIFICATE": file, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": file,
		"OTEL_EXPORTER_OTLP_CLIENT_KEY": file, "OTEL_SDK_DISABLED": "true", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25",
		"OTEL_SERVICE_NAME": "builds", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,team=%ED%95%9C",
	}
}

func TestEveryVariableArrives(t *testing.T) {
	e := example(t)
	file, dir := e["REDIS_PASSWORD_FILE"], e["OTTO_WORKER_TEMPLATES"]
	got, err := Load(e)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Redis: Redis{
			Host: "redis.example", Port: 6380, Username: "otto", PasswordFile: file, DB: 3, TLS: true, TLSCAFile: file,
			TLSCertFile: file, TLSKeyFile: file, SentinelMaster: "main", SentinelAddrs: []string{"a:26379", "[::1]:26380"},
			Stream: "{tag}:events", ConsumerGroup: "group", Consumer: "consumer", StatusMaxLen: 1000, StatusRetention: time.Hour,
		},
		Workers: Workers{
			AgentImage: "registry.example:5000/team/agent:1.2", AgentCommand: Words{"/agent", "a \"b\",\n한글"}, AgentArgs: Words{"", "$(OTTO_TASK_ID)"}, Namespace: "builds", Instance: "blue",
			MaxWorkers: 7, MaxPodsPerEvent: 8, MaxWaitingEvents: 9, MaxAttempts: 1,
			AgentRequests: map[string]string{"cpu": "0.5", "memory": "1Gi"},
			AgentLimits:   map[string]string{"memory": "1Gi", "example.com/gpu": "1"},
			Templates:     dir, Queues: file, PendingTimeout: time.Minute, StartTimeout: 2 * time.Minute, ImagePullTimeout: time.Second,
			FailedTTL: 90 * time.Minute, RecordTTL: 2 * time.Hour,
		},
		API:     API{Addr: "127.0.0.1:0", Write: true, TokensFile: file, Auth: "tokens"},
		Process: Process{HTTPAddr: "[::1]:9090", PodName: "ottoscaler-7d9f-x2", PodNamespace: "system", Deployment: "main", CreateConcurrency: 96, Threads: 2, LogLevel: slog.LevelDebug, LogFormat: "json"},
		Traces: Traces{
			Endpoint: "http://collector:4318", TracesEndpoint: "https://[::1]:4318/otlp/v1/traces", Protocol: "http/json",
			Headers: "Authorization=Bearer%20x, a=b=c", TimeoutMillis: 500, Compression: "none", CAFile: file, CertFile: file, KeyFile: file,
			Disabled: true, Sampler: "traceidratio", SamplerArg: "0.25", ServiceName: "builds",
			ResourceAttributes: "deployment.environment.name=test,team=%ED%95%9C",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSecretIsHidden(t *testing.T) {
	cfg, err := Load(map[string]string{"REDIS_PASSWORD": "sesame"})
	if err != nil || string(cfg.Redis.Password) != "sesame" {
		t.Fatalf("got %q, %v", string(cfg.Redis.Password), err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", cfg, "password", cfg.Redis.Password)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", cfg, "password", cfg.Redis.Password)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.Redis.Password), log.String()} {
		if strings.Contains(s, "sesame") || !strings.Contains(s, "(hidden)") {
			t.Errorf("not hidden: %s", s)
		}
	}
}

func TestUnknown(t *testing.T) {
	environ := map[string]string{
		"OTTO_MAX_WORKER": "5", "OTTO_INSTANCE": "x", "OTTO_EMPTY": "", "OTTO_AGENT_IMGAE": "x", "OTTO_WHATEVER_ELSE": "x",
		"OTTOSCALER_PORT": "x", "PATH": "x",
	}
	got := map[string]string{}
	for _, name := range Unknown(environ) {
		got[name] = Suggest(name)
	}
	want := map[string]string{
		"OTTO_MAX_WORKER": "OTTO_MAX_WORKERS", "OTTO_AGENT_IMGAE": "OTTO_AGENT_IMAGE", "OTTO_WHATEVER_ELSE": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
