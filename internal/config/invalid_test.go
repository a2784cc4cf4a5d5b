package config

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// invalidValues are values that a variable must reject, by the variable's name.
func invalidValues(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	name, file := []string{"a\nb", " a", "a ", "\x00", "\xff", strings.Repeat("x", 257)}, []string{"/does/not/exist", dir, "\x00"}
	label := []string{"Blue", "-a", "a-", "a.b", "a_b", strings.Repeat("x", 64)}
	number := []string{"-1", "+3", "1e3", "0x10", " 5", "5 ", "٣", "5.0", "1_0", "007", "NaN", "9223372036854775808"}
	count := append([]string{"0", "1000001"}, number...)
	ttl := []string{"5", "-5s", "+5s", "1d", "soon", "5 s", "87601h", "1e3s"}
	timeout := append([]string{"0", "999ms"}, ttl...)
	resources := []string{
		"cpu", "cpu=", "=1", "cpu=0", "cpu=-1", "cpu=1x", "cpu=1,cpu=2", "cpu=1,", "CPU=1", "cpu:1", "memory=100m",
		"memory=0.5", "gpu=1", "cpu=1e3", "cpu=1 ", "cpu=NaN", "cpu=1;memory=1Mi",
	}
	return with(invalidAPI(file), map[string][]string{
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
		"OTTO_AGENT_COMMAND":      append([]string{`[""]`, `[" "]`, `["", "x"]`}, invalidWords()...),
		"OTTO_AGENT_ARGS":         invalidWords(),
		"OTTO_NAMESPACE":          label,
		"OTTO_INSTANCE":           label,
		"OTTO_MAX_WORKERS":        count,
		"OTTO_MAX_PODS_PER_EVENT": append([]string{"100001"}, count...),
		"OTTO_MAX_WAITING_EVENTS": count,
		"OTTO_MAX_ATTEMPTS":       append([]string{"101"}, count...),
		"OTTO_AGENT_REQUESTS":     resources,
		"OTTO_AGENT_LIMITS":       resources,
		"OTTO_WORKER_TEMPLATES":   {"/does/not/exist", "/dev/null"},
		"OTTO_QUEUES_FILE":        file,
		"OTTO_WORKER_DEADLINE":    append([]string{"1500ms", "1ns"}, ttl...),
		"OTTO_PENDING_TIMEOUT":    timeout,
		"OTTO_START_TIMEOUT":      timeout,
		"OTTO_IMAGE_PULL_TIMEOUT": timeout,
		"OTTO_SUCCEEDED_TTL":      ttl, "OTTO_FAILED_TTL": ttl, "OTTO_RECORD_TTL": timeout,
		"OTTO_STATUS_MAX_LEN": append([]string{"999"}, count...), "OTTO_STATUS_RETENTION": ttl,
		"OTTO_CREATE_CONCURRENCY": append([]string{"97", "AUTO", "auto ", "max"}, count...),
		"GOMAXPROCS":              append([]string{"1025"}, count...),
		"OTTO_LOG_LEVEL":          {"INFO", "trace", "info+2", "0", "warning"},
		"OTTO_LOG_FORMAT":         {"JSON", "yaml", "logfmt"},
	})
}

func with(more, all map[string][]string) map[string][]string {
	maps.Copy(all, more)
	return all
}

func invalidAPI(file []string) map[string][]string {
	return map[string][]string{
		"OTTO_API_ADDR":        {"8090", "localhost", ":", ":65536"},
		"OTTO_API_WRITE":       {"yes", "1", " true"},
		"OTTO_API_TOKENS_FILE": file,
		"OTTO_API_AUTH":        {"Kubernetes", "none"},
	}
}

func allInvalidValues(t *testing.T) map[string][]string {
	t.Helper()
	all := invalidValues(t)
	maps.Copy(all, invalidTraceValues(t))
	return all
}

func invalidTraceValues(t *testing.T) map[string][]string {
	t.Helper()
	name, file := []string{"a\nb", " a", "\xff", strings.Repeat("x", 257)}, []string{"/does/not/exist", t.TempDir(), "\x00"}
	endpoint := []string{
		"collector:4318", "grpc://collector:4317", "http://", "http://:4318", "http://a b:1", "http://user:x@collector", "http://collector?x=1",
		"http://collector#x", "http://collector:x", "/v1/traces", "http://collector\n",
	}
	return map[string][]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
		"OTEL_EXPORTER_OTLP_PROTOCOL":           {"grpc", "http", "json", "HTTP/JSON"},
		"OTEL_EXPORTER_OTLP_HEADERS":            {"sesame", "=sesame", "a=sesame,", "a=%ses", "a=sesame%0A", "a b=sesame", "a:=sesame", "é=sesame"},
		"OTEL_EXPORTER_OTLP_TIMEOUT":            {"0", "600001", "10s", "-1", "1e3", "007", "٣"},
		"OTEL_EXPORTER_OTLP_COMPRESSION":        {"GZIP", "zstd", "true"},
		"OTEL_EXPORTER_OTLP_CERTIFICATE":        file,
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": file,
		"OTEL_EXPORTER_OTLP_CLIENT_KEY":         file,
		"OTEL_SDK_DISABLED":                     {"yes", "on", "enabled"},
		"OTEL_TRACES_SAMPLER":                   {"jaeger_remote", "parentbased", "ALWAYS_ON"},
		"OTEL_TRACES_SAMPLER_ARG":               {"1.1", "-0.5", "NaN", "10%", "all"},
		"OTEL_SERVICE_NAME":                     name,
		"OTEL_RESOURCE_ATTRIBUTES":              {"a", "=b", "a=b,", "a=%x", "a=%00", "a=%ff", ","},
	}
}

// invalidWords are no JSON arrays of strings.
func invalidWords() []string {
	return []string{
		"sh", "sh -c x", `"sh"`, "[]", "null", "{}", "[sh]", "['sh']", `["sh",]`, `["sh", 1]`, `["sh", null]`, `["sh", ["-c"]]`, `["sh"] x`,
		`["sh"`, `["a\u0000"]`, "[\"\xff\"]", `["` + strings.Repeat("x", 32<<10) + `"]`,
	}
}

func TestInvalidValues(t *testing.T) {
	all := allInvalidValues(t)
	for _, name := range Names() {
		if len(all[name]) == 0 {
			t.Errorf("%s: no invalid values to test", name)
		}
		for _, value := range all[name] {
			environ := map[string]string{name: value}
			if strings.HasPrefix(name, "OTEL_") && !strings.HasSuffix(name, "_ENDPOINT") { // else it is ignored
				environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4318"
			}
			_, err := Load(environ)
			if err == nil {
				t.Errorf("%s accepted %q", name, value)
				continue
			}
			assertLine(t, err.Error(), name, value)
		}
	}
}

func assertLine(t *testing.T, line, name, value string) {
	t.Helper()
	quoted := fmt.Sprintf("%q", quotable(value))
	if rules()[name].secret {
		quoted = "a value that is not shown"
	}
	if want := name + ": got " + quoted + ", takes " + rules()[name].takes; !strings.HasPrefix(line, want) {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	if strings.Contains(line, "\n") {
		t.Errorf("%s: not one line: %q", name, line)
	}
	if strings.Contains(line, "sesame") {
		t.Errorf("%s: the secret is shown: %s", name, line)
	}
}

func TestAllInvalidAtOnce(t *testing.T) {
	environ := map[string]string{}
	for name, values := range allInvalidValues(t) {
		environ[name] = values[0]
	}
	_, err := Load(environ)
	if err == nil {
		t.Fatal("no error")
	}
	var reported []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		name, _, _ := strings.Cut(line, ":")
		reported = append(reported, name)
	}
	if diff := cmp.Diff(Names(), reported); diff != "" {
		t.Errorf("one line each, in order (-want +got):\n%s", diff)
	}
}

func TestServiceLinkIsExplained(t *testing.T) {
	_, err := Load(map[string]string{"REDIS_PORT": "tcp://10.0.0.11:6379"})
	if err == nil || !strings.Contains(err.Error(), "enableServiceLinks") {
		t.Errorf("got %v", err)
	}
}
