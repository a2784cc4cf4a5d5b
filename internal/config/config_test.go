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
	t.Setenv("REDIS_PORT", "1") // of this process, not of the argument
	want := Config{
		Redis: Redis{
			Host: "host.docker.internal", Port: 6379,
			Stream: "otto:scale:events", ConsumerGroup: "ottoscaler", Consumer: "ottoscaler-1",
			Retention: 168 * time.Hour,
		},
		Workers: Workers{
			AgentImage: "busybox:latest", Instance: "ottoscaler",
			MaxWorkers: 100, MaxPodsPerEvent: 1000, MaxWaitingEvents: 100_000, MaxAttempts: 3,
			AgentRequests: map[string]string{"cpu": "100m", "memory": "64Mi"},
			AgentLimits:   map[string]string{"cpu": "500m", "memory": "256Mi"},
			Deadline:      6 * time.Hour, PendingTimeout: 15 * time.Minute, ImagePullTimeout: 2 * time.Minute,
			SucceededTTL: 30 * time.Second, FailedTTL: 10 * time.Minute, RecordTTL: 24 * time.Hour,
		},
		Process: Process{HTTPAddr: ":8080", LeaderElect: true, CreateConcurrency: 32, Threads: 1, LogLevel: slog.LevelInfo, LogFormat: "auto"},
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

// example gives every variable a value that is not its default, and says where in Config it arrives.
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
		"OTTO_HTTP_ADDR": "[::1]:9090", "OTTO_LEADER_ELECT": "false", "POD_NAME": "ottoscaler-7d9f-x2", "POD_NAMESPACE": "system", "OTTO_DEPLOYMENT": "main",
		"OTTO_AGENT_IMAGE": "registry.example:5000/team/agent:1.2", "OTTO_NAMESPACE": "builds", "OTTO_INSTANCE": "blue",
		"OTTO_MAX_WORKERS": "7", "OTTO_MAX_PODS_PER_EVENT": "8", "OTTO_MAX_WAITING_EVENTS": "9", "OTTO_MAX_ATTEMPTS": "1",
		"OTTO_AGENT_REQUESTS": "cpu=0.5,memory=1Gi", "OTTO_AGENT_LIMITS": "memory=1Gi,example.com/gpu=1",
		"OTTO_WORKER_TEMPLATES": dir, "OTTO_WORKER_DEADLINE": "0", "OTTO_PENDING_TIMEOUT": "1m",
		"OTTO_IMAGE_PULL_TIMEOUT": "1s", "OTTO_SUCCEEDED_TTL": "0", "OTTO_FAILED_TTL": "1h30m", "OTTO_RECORD_TTL": "2h",
		"OTTO_CREATE_CONCURRENCY": "96", "GOMAXPROCS": "2", "OTTO_LOG_LEVEL": "debug", "OTTO_LOG_FORMAT": "json",
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
			Stream: "{tag}:events", ConsumerGroup: "group", Consumer: "consumer",
		},
		Workers: Workers{
			AgentImage: "registry.example:5000/team/agent:1.2", Namespace: "builds", Instance: "blue",
			MaxWorkers: 7, MaxPodsPerEvent: 8, MaxWaitingEvents: 9, MaxAttempts: 1,
			AgentRequests: map[string]string{"cpu": "0.5", "memory": "1Gi"},
			AgentLimits:   map[string]string{"memory": "1Gi", "example.com/gpu": "1"},
			Templates:     dir, PendingTimeout: time.Minute, ImagePullTimeout: time.Second,
			FailedTTL: 90 * time.Minute, RecordTTL: 2 * time.Hour,
		},
		Process: Process{HTTPAddr: "[::1]:9090", PodName: "ottoscaler-7d9f-x2", PodNamespace: "system", Deployment: "main", CreateConcurrency: 96, Threads: 2, LogLevel: slog.LevelDebug, LogFormat: "json"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// garbage are values that one variable must refuse; each variable has some, the general ones besides.
func garbage(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	name := []string{"a\nb", " a", "a ", "\x00", "\xff", strings.Repeat("x", 257)}
	label := []string{"Blue", "-a", "a-", "a.b", "a_b", strings.Repeat("x", 64)}
	file := []string{"/does/not/exist", dir, "\x00"}
	number := []string{"-1", "+3", "1e3", "0x10", " 5", "5 ", "٣", "5.0", "1_0", "007", "NaN", "9223372036854775808"}
	count := append([]string{"0", "1000001"}, number...)
	ttl := []string{"5", "-5s", "+5s", "1d", "soon", "5 s", "87601h", "1e3s"}
	timeout := append([]string{"0", "999ms"}, ttl...)
	resources := []string{
		"cpu", "cpu=", "=1", "cpu=0", "cpu=-1", "cpu=1x", "cpu=1,cpu=2", "cpu=1,", "CPU=1", "cpu:1", "memory=100m",
		"memory=0.5", "gpu=1", "cpu=1e3", "cpu=1 ", "cpu=NaN", "cpu=1;memory=1Mi",
	}
	return map[string][]string{
		"REDIS_HOST":              {"redis:6379", "redis://redis", "a b", "-a", "a..b", "a/b", "[::1]", "user@host", "\x00"},
		"REDIS_PORT":              append([]string{"0", "65536", "tcp://10.0.0.11:6379"}, number...),
		"REDIS_USERNAME":          name,
		"REDIS_PASSWORD":          {"sesame\n", "sesame\r"},
		"REDIS_PASSWORD_FILE":     file,
		"REDIS_DB":                append([]string{"1000001"}, number...),
		"REDIS_TLS":               {"yes", "TRUE", "1", "on", "true "},
		"REDIS_TLS_CA_FILE":       file,
		"REDIS_TLS_CERT_FILE":     file,
		"REDIS_TLS_KEY_FILE":      file,
		"REDIS_SENTINEL_MASTER":   name,
		"REDIS_SENTINEL_ADDRS":    {"a", "a:", ":1", "a:0", "a:1,", "a:1, b:2", "a:1;b:2", "::1:26379"},
		"REDIS_STREAM":            append([]string{"a{b", "a}b", "{}", "{a}{b}", "}a{", "{{a}}"}, name...),
		"REDIS_CONSUMER_GROUP":    name,
		"REDIS_CONSUMER":          name,
		"OTTO_STREAM_RETENTION":   ttl,
		"OTTO_HTTP_ADDR":          {"8080", "localhost", ":", ":http", ":65536", ":-1", ":08", "::1:8080", "http://:8080", ":8080/", "a b:1", ":8080 "},
		"OTTO_LEADER_ELECT":       {"yes", "TRUE", "1", "on", "true "},
		"POD_NAME":                {"Pod", "-a", "a-", "a_b", "a b", strings.Repeat("x", 254)},
		"POD_NAMESPACE":           label,
		"OTTO_DEPLOYMENT":         {"Main", "-a", "a-", "a_b", "a b", "a/b", strings.Repeat("x", 254)},
		"OTTO_AGENT_IMAGE":        {"Busybox", "busybox:", "busybox latest", "busybox@sha256:12", "/busybox", "a//b", "$(IMAGE)", "a:b:c"},
		"OTTO_NAMESPACE":          label,
		"OTTO_INSTANCE":           label,
		"OTTO_MAX_WORKERS":        count,
		"OTTO_MAX_PODS_PER_EVENT": append([]string{"100001"}, count...),
		"OTTO_MAX_WAITING_EVENTS": count,
		"OTTO_MAX_ATTEMPTS":       append([]string{"101"}, count...),
		"OTTO_AGENT_REQUESTS":     resources,
		"OTTO_AGENT_LIMITS":       resources,
		"OTTO_WORKER_TEMPLATES":   {"/does/not/exist", "/dev/null"},
		"OTTO_WORKER_DEADLINE":    append([]string{"1500ms", "1ns"}, ttl...),
		"OTTO_PENDING_TIMEOUT":    timeout,
		"OTTO_IMAGE_PULL_TIMEOUT": timeout,
		"OTTO_SUCCEEDED_TTL":      ttl,
		"OTTO_FAILED_TTL":         ttl,
		"OTTO_RECORD_TTL":         timeout,
		"OTTO_CREATE_CONCURRENCY": append([]string{"97"}, count...),
		"GOMAXPROCS":              append([]string{"1025"}, count...),
		"OTTO_LOG_LEVEL":          {"INFO", "trace", "info+2", "0", "warning"},
		"OTTO_LOG_FORMAT":         {"JSON", "yaml", "logfmt"},
	}
}

func TestGarbage(t *testing.T) {
	all := garbage(t)
	for _, name := range Names() {
		if len(all[name]) == 0 {
			t.Errorf("%s: no garbage to try", name)
		}
		for _, value := range all[name] {
			_, err := Load(map[string]string{name: value})
			if err == nil {
				t.Errorf("%s took %q", name, value)
				continue
			}
			checkLine(t, err.Error(), name, value)
		}
	}
}

func checkLine(t *testing.T, line, name, value string) {
	t.Helper()
	shown := fmt.Sprintf("%q", clip(value))
	if name == "REDIS_PASSWORD" {
		shown = "a value that is not shown"
	}
	if want := name + ": got " + shown + ", takes " + rules()[name].takes; !strings.HasPrefix(line, want) {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	if strings.Contains(line, "\n") {
		t.Errorf("%s: not one line: %q", name, line)
	}
	if strings.Contains(line, "sesame") {
		t.Errorf("%s: the secret is shown: %s", name, line)
	}
}

func TestAllWrongAtOnce(t *testing.T) {
	environ := map[string]string{}
	for name, values := range garbage(t) {
		environ[name] = values[0]
	}
	_, err := Load(environ)
	if err == nil {
		t.Fatal("no error")
	}
	var told []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		name, _, _ := strings.Cut(line, ":")
		told = append(told, name)
	}
	if diff := cmp.Diff(Names(), told); diff != "" {
		t.Errorf("one line each, in order (-want +got):\n%s", diff)
	}
}

func TestContradictions(t *testing.T) {
	e := example(t)
	file := e["REDIS_PASSWORD_FILE"]
	for name, tt := range map[string]struct {
		environ map[string]string
		want    string
	}{
		"two passwords": {
			map[string]string{"REDIS_PASSWORD": "sesame", "REDIS_PASSWORD_FILE": file},
			"REDIS_PASSWORD_FILE: got a file beside REDIS_PASSWORD, takes a file only where REDIS_PASSWORD is not set",
		},
		"CA without TLS": {
			map[string]string{"REDIS_TLS_CA_FILE": "/dev/null"},
			`REDIS_TLS_CA_FILE: got "/dev/null" without TLS, takes a file only where REDIS_TLS is true`,
		},
		"certificate without key": {
			map[string]string{"REDIS_TLS": "true", "REDIS_TLS_CERT_FILE": "/dev/null"},
			`REDIS_TLS_CERT_FILE: got "/dev/null" without REDIS_TLS_KEY_FILE, takes a value only together with it`,
		},
		"key without certificate": {
			map[string]string{"REDIS_TLS": "true", "REDIS_TLS_KEY_FILE": "/dev/null"},
			`REDIS_TLS_KEY_FILE: got "/dev/null" without REDIS_TLS_CERT_FILE, takes a value only together with it`,
		},
		"master without sentinels": {
			map[string]string{"REDIS_SENTINEL_MASTER": "main"},
			`REDIS_SENTINEL_MASTER: got "main" without REDIS_SENTINEL_ADDRS, takes a value only together with it`,
		},
		"sentinels without master": {
			map[string]string{"REDIS_SENTINEL_ADDRS": "a:1"},
			`REDIS_SENTINEL_ADDRS: got "a:1" without REDIS_SENTINEL_MASTER, takes a value only together with it`,
		},
		"cpu request over limit": {
			map[string]string{"OTTO_AGENT_REQUESTS": "cpu=0.501"},
			`OTTO_AGENT_REQUESTS: got "cpu=0.501", takes no more cpu than OTTO_AGENT_LIMITS (cpu=500m,memory=256Mi)`,
		},
		"memory request over limit": {
			map[string]string{"OTTO_AGENT_REQUESTS": "memory=1G", "OTTO_AGENT_LIMITS": "memory=953Mi"},
			`OTTO_AGENT_REQUESTS: got "memory=1G", takes no more memory than OTTO_AGENT_LIMITS (memory=953Mi)`,
		},
		"Pods kept longer than records": {
			map[string]string{"OTTO_FAILED_TTL": "48h"},
			`OTTO_RECORD_TTL: got "24h", takes a duration of at least OTTO_FAILED_TTL (48h)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(tt.environ)
			if got := fmt.Sprint(err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFits(t *testing.T) {
	for name, values := range map[string][]string{
		"REDIS_HOST":           {"127.0.0.1", "::1", "fe80::1%eth0", "redis_cache", "Redis.Example.", "host.docker.internal"},
		"REDIS_STREAM":         {"otto:scale:events", "a b", "{a}", "x{a}y", "스트림"},
		"OTTO_AGENT_IMAGE":     {"busybox", "localhost:5000/a/b", "registry.example/a/b_c@sha256:" + strings.Repeat("0a", 32), "a:1@sha256:" + strings.Repeat("0a", 32)},
		"OTTO_AGENT_LIMITS":    {"cpu=1", "cpu=2,memory=1Gi,ephemeral-storage=5G,hugepages-2Mi=4Mi", "memory=268435456"},
		"OTTO_WORKER_DEADLINE": {"0", "0s", "1s", "90m", "2h45m"},
		"OTTO_SUCCEEDED_TTL":   {"0", "1ms", "24h"},
		"REDIS_PASSWORD":       {"päss wörd", " ", "a,b=c\"$(x)"},
		"OTTO_LOG_LEVEL":       {"debug", "info", "warn", "error"},
	} {
		for _, value := range values {
			if _, err := Load(map[string]string{name: value}); err != nil {
				t.Errorf("%q: %v", value, err)
			}
		}
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

func TestServiceLinkIsExplained(t *testing.T) {
	_, err := Load(map[string]string{"REDIS_PORT": "tcp://10.0.0.11:6379"})
	if err == nil || !strings.Contains(err.Error(), "enableServiceLinks") {
		t.Errorf("got %v", err)
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
