//go:build real

package integration

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/traces"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

const (
	producerTrace = "0af7651916cd43dd8448eb211c80319c"
	producerSpan  = "b7ad6b7169203331"
	traceGroup    = "ottoscaler-traces"
)

// collector stores spans, and may store them and then say that it did not.
type collector struct {
	t     *testing.T
	mu    sync.Mutex
	lies  bool
	lied  int
	spans map[string][]*v1.Span // by their IDs, each as often as it came
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unzipped, err := gzip.NewReader(r.Body)
	if err != nil {
		c.t.Error(err)
		return
	}
	body, err := io.ReadAll(unzipped)
	var data v1.TracesData
	if err != nil || proto.Unmarshal(body, &data) != nil {
		c.t.Errorf("no spans: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range data.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans() {
		id := hex.EncodeToString(s.GetTraceId()) + "-" + hex.EncodeToString(s.GetSpanId())
		c.spans[id] = append(c.spans[id], s)
	}
	if c.lies {
		c.lied++
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (c *collector) setLies(lies bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lies = lies
}

// named counts the different spans by name, and checks that one that came more often came as it was.
func (c *collector) named() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make(map[string]int)
	for id, same := range c.spans {
		names[same[0].GetName()]++
		for _, s := range same[1:] {
			if !proto.Equal(s, same[0]) {
				c.t.Errorf("span %s came twice, and differs:\n%v\n%v", id, same[0], s)
			}
		}
	}
	return names
}

// exporter runs an Exporter until its returned function is called.
func exporter(t *testing.T, s *harness.Stack, environ map[string]string, name string) (stop func()) {
	t.Helper()
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	client, err := redis.NewClient(redis.Options{Addr: s.Server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	e, err := traces.New(cfg, traces.Options{Redis: client, Instance: name, Version: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = client.Close()
	})
	t.Cleanup(stop)
	return stop
}

// traceparents are what the workers' Pods have in their environment, by the Pod's name.
func traceparents(t *testing.T, s *harness.Stack) map[string]map[string]string {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				Containers []struct {
					Env []struct{ Name, Value string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(s.Kubectl("get", "pods", "-n", s.Namespace, "-l", "managed-by=ottoscaler", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string]string)
	for _, p := range list.Items {
		all[p.Metadata.Name] = make(map[string]string)
		for _, v := range p.Spec.Containers[0].Env {
			all[p.Metadata.Name][v.Name] = v.Value
		}
	}
	return all
}

// TestTraces: one trace leads from the producer through every span, and TRACEPARENT names the span of the attempt, while the
// leader and an exporter die in between: no span is missing, and none is there twice with another content.
func TestTraces(t *testing.T) {
	c := &collector{t: t, spans: make(map[string][]*v1.Span), lies: true}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	s := harness.NewStack(t, cluster)
	environ := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}
	dir := templates(t, map[string]string{"fails": `devcluster.io/exit-code: "7"`, "slow": "devcluster.io/duration: 6s"})
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTTO_WORKER_TEMPLATES=" + dir, "OTTO_FAILED_TTL=1s", "OTTO_SUCCEEDED_TTL=1s"}
	stopFirst := exporter(t, s, environ, "gateway-1")
	waitForGroup(t, s)
	s.Start(env...)
	traced := []any{"traceparent", "00-" + producerTrace + "-" + producerSpan + "-01", "baggage", "user=kim"}
	failing := s.Add(append(up("template", "fails"), traced...)...)
	slow := s.Add(append([]any{"type", "scale_up", "pod_count", 3, "template", "slow"}, traced...)...)
	alone := s.Add("type", "scale_up", "pod_count", 1, "template", "slow")
	rejected := s.Add(append([]any{"type", "scale_sideways"}, traced...)...)

	// The leader dies while the slow ones run, and the first exporter after the collector has spans that it does not admit.
	found := make(map[string]map[string]string)
	s.Eventually("the Pods to be created", func() error {
		maps.Copy(found, traceparents(t, s))
		if len(found) < 4 || found["otto-agent-1-"+alone] == nil {
			return fmt.Errorf("Pods: %v", found)
		}
		return nil
	})
	s.Kill()
	s.Start(env...)
	s.Eventually("the collector to have spans", func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.lied == 0 {
			return fmt.Errorf("no request")
		}
		return nil
	})
	stopFirst()
	age(t, s)
	c.setLies(false)
	exporter(t, s, environ, "gateway-2")
	s.WaitClosed(failing, slow, alone)

	want := map[string]int{"process " + harness.Stream: 4, "wait": 5, "attempt": 5, "start": 5, "run": 5}
	s.Eventually("all spans", func() error {
		got := c.named()
		for name, n := range want {
			if got[name] != n {
				return fmt.Errorf("got %v, want %v", got, want)
			}
		}
		return nil
	})
	checkTree(t, c, found, alone, rejected)
	s.Verify(harness.WithFault(checker.Fault{Killed: true}), func(in *checker.Input) { in.Templates = []string{"fails", "slow"} })
}

// waitForGroup: the group begins with what is written after it.
func waitForGroup(t *testing.T, s *harness.Stack) {
	t.Helper()
	s.Eventually("the group", func() error {
		return s.Redis.XInfoConsumers(t.Context(), harness.StatusKey, traceGroup).Err()
	})
}

// age makes what the first exporter has not acknowledged look as if it had died an hour ago.
func age(t *testing.T, s *harness.Stack) {
	t.Helper()
	left, err := s.Redis.XPendingExt(t.Context(), &goredis.XPendingExtArgs{
		Stream: harness.StatusKey, Group: traceGroup, Start: "-", End: "+", Count: 1000,
	}).Result()
	if err != nil || len(left) == 0 {
		t.Fatalf("the first exporter has left %v, %v", left, err)
	}
	args := []any{"XCLAIM", harness.StatusKey, traceGroup, "gateway-1", 0}
	for _, p := range left {
		args = append(args, p.ID)
	}
	if err := s.Redis.Do(t.Context(), append(args, "IDLE", 3_600_000, "JUSTID")...).Err(); err != nil {
		t.Fatal(err)
	}
}

// checkTree: each span is below the right one, and the workers were told theirs.
func checkTree(t *testing.T, c *collector, found map[string]map[string]string, alone, rejected string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := 0
	for id, same := range c.spans {
		s := same[0]
		attributes := make(map[string]string)
		for _, a := range s.GetAttributes() {
			attributes[a.GetKey()] = a.GetValue().GetStringValue()
		}
		event, parent := attributes["ottoscaler.event.id"], hex.EncodeToString(s.GetParentSpanId())
		if produced := hex.EncodeToString(s.GetTraceId()) == producerTrace; produced == (event == alone) {
			t.Errorf("%s of event %s is in trace %x", s.GetName(), event, s.GetTraceId())
		}
		switch above := c.spans[hex.EncodeToString(s.GetTraceId())+"-"+parent]; s.GetName() {
		case "process " + harness.Stream:
			if event == alone && parent != "" || event != alone && parent != producerSpan {
				t.Errorf("event %s is below %q", event, parent)
			}
			if failed := s.GetStatus().GetCode() == v1.Status_STATUS_CODE_ERROR; event == rejected && !failed {
				t.Errorf("the rejected entry: %v", s)
			}
		case "wait", "attempt":
			if len(above) == 0 || above[0].GetName() != "process "+harness.Stream {
				t.Errorf("%s is below %v", s.GetName(), above)
			}
		case "start", "run":
			if len(above) == 0 || above[0].GetName() != "attempt" {
				t.Errorf("%s is below %v", s.GetName(), above)
			}
		}
		if env := found[attributes["k8s.pod.name"]]; env != nil {
			attempts++
			if env["TRACEPARENT"] != "00-"+id+"-01" || event != alone && env["BAGGAGE"] != "user=kim" {
				t.Errorf("Pod %s has TRACEPARENT %q and BAGGAGE %q, its span is %s", attributes["k8s.pod.name"], env["TRACEPARENT"], env["BAGGAGE"], id)
			}
		}
	}
	if attempts != len(found) {
		t.Errorf("spans of %d of %d Pods", attempts, len(found))
	}
}
