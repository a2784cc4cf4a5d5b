//go:build real

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

func repeated(n, size int) []any {
	var pairs []any
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("key%d", i), strings.Repeat("v", size))
	}
	return pairs
}

// up is a valid event with further fields.
func up(pairs ...any) []any {
	return append([]any{"type", "scale_up", "pod_count", 1}, pairs...)
}

// badInputs are invalid entries, each with the code of its dead letter.
func badInputs() map[string]struct {
	code  string
	pairs []any
} {
	type bad = struct {
		code  string
		pairs []any
	}
	all := map[string]bad{
		"pod_count missing":     {"invalid_pod_count", []any{"type", "scale_up"}},
		"type missing":          {"invalid_type", []any{"pod_count", 1}},
		"type unknown":          {"invalid_type", []any{"type", "scale", "pod_count", 1}},
		"type upper case":       {"invalid_type", []any{"type", "Scale_Up", "pod_count", 1}},
		"task_id of 129 bytes":  {"invalid_task_id", up("task_id", strings.Repeat("t", 129))},
		"task_id not UTF-8":     {"invalid_task_id", up("task_id", "\xff\xfe")},
		"task_id with controls": {"invalid_task_id", up("task_id", "a\x1b[2Jb")},
		"17 metadata fields":    {"invalid_metadata", up(repeated(17, 1)...)},
		"a value over 1 KiB":    {"invalid_metadata", up(repeated(1, 1025)...)},
		"8 KiB in all":          {"invalid_metadata", up(repeated(9, 1000)...)},
		"10,000 fields":         {"too_large", up(repeated(10_000, 10)...)},
		"a 16 MiB entry":        {"too_large", up("big", strings.Repeat("x", 16<<20))},
		"unknown template":      {"unknown_template", up("template", "huge")},
		"a path as template":    {"unknown_template", up("template", "../x")},
		"keys that collide":     {"invalid_metadata", up("git.ref", "a", "git-ref", "b")},
	}
	for _, n := range []string{
		"-1", "0", "+3", "1e9", "9223372036854775808", "0x10", " 5", "5 ", "٣", "NaN", "5.0", "1_0", "", "1001",
	} {
		all["pod_count "+n] = bad{"invalid_pod_count", []any{"type", "scale_up", "pod_count", n}}
	}
	return all
}

// TestBadInput: each invalid entry becomes one dead letter with a reason, without a POST, and the next event is handled.
func TestBadInput(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	codes, good := map[string]string{}, []string{}
	for _, bad := range badInputs() {
		codes[s.Add(bad.pairs...)] = bad.code
		good = append(good, s.Add(up("task_id", "next")...))
	}
	s.WaitClosed(good...)
	dead := s.Dead()
	if len(dead) != len(codes) {
		t.Errorf("%d dead letters, want %d", len(dead), len(codes))
	}
	for _, d := range dead {
		if want := codes[d["original_id"]]; d["reason_code"] != want || d["reason"] == "" {
			t.Errorf("entry %s: %s (%s), want %s", d["original_id"], d["reason_code"], d["reason"], want)
		}
		size := 0
		for k, v := range d {
			size += len(k) + len(v)
		}
		if size > 12<<10 {
			t.Errorf("the dead letter of %s has %d bytes", d["original_id"], size)
		}
	}
	for name, n := range harness.Count(s.Requests())["create"] {
		if !strings.HasPrefix(name, "otto-agent-1-") || n != 1 {
			t.Errorf("%d POSTs of %s", n, name)
		}
	}
	if n := len(harness.Count(s.Requests())["create"]); n != len(good) {
		t.Errorf("%d Pods were created, want %d", n, len(good))
	}
	s.Verify()
}

// TestIdempotencyKey: the same content again is a duplicate, other content under the same key is rejected.
func TestIdempotencyKey(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	first := s.Add(up("idempotency_key", "build-7", "task_id", "a", "timestamp", "1700000000")...)
	again := s.Add(up("idempotency_key", "build-7", "task_id", "a", "timestamp", "1700000009")...)
	other := s.Add(up("idempotency_key", "build-7", "task_id", "b")...)
	s.WaitClosed(first)
	late := s.Add(up("idempotency_key", "build-7", "task_id", "a")...) // the first is closed, its record still there
	s.Eventually("the late one to be a duplicate", func() error { return kinds(s, late, "duplicate") })
	if err := kinds(s, again, "duplicate"); err != nil {
		t.Error(err)
	}
	if err := kinds(s, other, "rejected"); err != nil {
		t.Error(err)
	}
	if dead := s.Dead(); len(dead) != 1 || dead[0]["reason_code"] != "idempotency_conflict" {
		t.Errorf("dead letters: %v", dead)
	}
	if n := len(harness.Count(s.Requests())["create"]); n != 1 {
		t.Errorf("%d Pods were created, want 1", n)
	}
	s.Verify()
}

func kinds(s *harness.Stack, event, kind string) error {
	if st := s.Status(event); len(st) != 1 || st[0]["kind"] != kind {
		return fmt.Errorf("event %s: %v, want one %s", event, st, kind)
	}
	return nil
}

// TestHostileMetadata: hostile values arrive as plain text, in variables of their own.
func TestHostileMetadata(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	evil := "$(SECRET) $$(A) \x1b[31m\nlevel=ERROR"
	event := s.Add(up("task_id", "빌드/한글/1", "LD_PRELOAD", "/x.so", "PATH", evil, "KUBERNETES_SERVICE_HOST", "1.2.3.4")...)
	pod := "otto-agent-1-" + event
	s.Eventually("the Pod", func() error {
		_, err := cluster.Kubectl("get", "pod", pod, "-n", s.Namespace)
		return err
	})
	env := s.Kubectl("get", "pod", pod, "-n", s.Namespace, "-o",
		`go-template={{range (index .spec.containers 0).env}}{{printf "%s=%q\n" .name .value}}{{end}}`)
	for _, want := range []string{
		`OTTO_META_LD_PRELOAD="/x.so"`, `OTTO_META_KUBERNETES_SERVICE_HOST="1.2.3.4"`, `OTTO_TASK_ID="빌드/한글/1"`,
		`OTTO_META_PATH="$$(SECRET) $$$$(A) \x1b[31m\nlevel=ERROR"`,
	} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSpace(env), "\n") {
		if !strings.HasPrefix(line, "OTTO_") {
			t.Errorf("a variable that is not ours: %s", line)
		}
	}
	if strings.Contains(s.Log(), "\x1b[31m") {
		t.Error("the log shows a producer's escape codes")
	}
	s.WaitClosed(event)
	s.Verify()
}
