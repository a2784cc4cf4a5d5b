package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWaitForSaysWhatItWaitedFor(t *testing.T) {
	no := errors.New("not yet")
	err := waitFor(t.Context(), "the moon", time.Millisecond, func(context.Context) error { return no })
	if !errors.Is(err, no) || err.Error() != "waited 1ms for the moon: not yet" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	died := errors.New("devcluster ended")
	cancel(died)
	if err := waitFor(ctx, "the moon", time.Hour, func(context.Context) error { return no }); !errors.Is(err, died) {
		t.Error(err)
	}
}

func TestCleanEnv(t *testing.T) {
	env := []string{"PATH=/bin", "REDIS_PASSWORD=x", "KUBECONFIG=/k", "KUBERNETES_SERVICE_HOST=10.0.0.1", "OTTO_LOG_LEVEL=debug"}
	if diff := cmp.Diff([]string{"PATH=/bin"}, cleanEnv(env, false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"PATH=/bin", "OTTO_LOG_LEVEL=debug"}, cleanEnv(env, true)); diff != "" {
		t.Error(diff)
	}
}

func TestProgressLines(t *testing.T) {
	var got []string
	p := &progressLines{say: func(line string) { got = append(got, line) }}
	for _, part := range []string{
		"devcluster · Kubernetes\nnode: kw", "ok (as asked)\n\n  etcd ready\n", "\nWHAT IS REAL HERE\n  etcd real\n",
	} {
		if n, err := p.Write([]byte(part)); n != len(part) || err != nil {
			t.Error(n, err)
		}
	}
	if diff := cmp.Diff([]string{"node: kwok (as asked)", "  etcd ready"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestASecondDevIsRefused(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockDev(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDev(dir); err == nil || !strings.Contains(err.Error(), "runs already") {
		t.Error("second:", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	unlock, err = lockDev(dir)
	if err != nil {
		t.Fatal("after the first:", err)
	}
	_ = unlock()
}

func TestLinesToPaste(t *testing.T) {
	endpoint := redisEndpoint{Host: loopback, Port: "40001"}
	want := []string{
		"  make test-event, or:",
		"  redis-cli -p 40001 XADD otto:scale:events '*' type scale_up pod_count 3 task_id task-123",
		"  bin/demo test-event --type scale_down, or:",
		"  redis-cli -p 40001 XADD otto:scale:events '*' type scale_down pod_count 3 task_id task-123",
		"  redis-cli -p 40001 XRANGE '{otto:scale:events}:status' - +",
	}
	if diff := cmp.Diff(want, sendLines(endpoint, true)); diff != "" {
		t.Error(diff)
	}
	if got := cliFlags(redisEndpoint{Host: "redis.example", Port: "6379"}); got != "-h redis.example " {
		t.Errorf("got %q", got)
	}
}
