package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestConflicts(t *testing.T) {
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
		"a collector's certificate without key": {
			map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/dev/null"},
			`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: got "/dev/null" without OTEL_EXPORTER_OTLP_CLIENT_KEY, takes a value only together with it`,
		},
		"a collector's key without certificate": {
			map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/dev/null"},
			`OTEL_EXPORTER_OTLP_CLIENT_KEY: got "/dev/null" without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE, takes a value only together with it`,
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

func TestValidValues(t *testing.T) {
	for name, values := range map[string][]string{
		"REDIS_HOST":           {"127.0.0.1", "::1", "fe80::1%eth0", "redis_cache", "Redis.Example.", "host.docker.internal"},
		"REDIS_STREAM":         {"otto:scale:events", "a b", "{a}", "x{a}y", "스트림"},
		"OTTO_AGENT_IMAGE":     {"busybox", "localhost:5000/a/b", "registry.example/a/b_c@sha256:" + strings.Repeat("0a", 32), "a:1@sha256:" + strings.Repeat("0a", 32)},
		"OTTO_AGENT_COMMAND":   {`["sh"]`, ` [ "/agent" , "" ] `, `["sh", "-c", "echo \"$(OTTO_TASK_ID)\"\n"]`, `["에이전트"]`},
		"OTTO_AGENT_ARGS":      {`[""]`, `["--task", "$(OTTO_TASK_ID)"]`},
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
