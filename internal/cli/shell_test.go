package cli

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// shell runs commands with Redis at an address and without Kubernetes.
type shell struct{ t *testing.T }

func newShell(t *testing.T, addr string) shell {
	t.Helper()
	for _, name := range config.Names() {
		t.Setenv(name, "")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("REDIS_HOST", host)
	t.Setenv("REDIS_PORT", port)
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	return shell{t}
}

func (s shell) run(line string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = Main(s.t.Context(), "v1", strings.Fields(line), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// expect requires an exit code and parts of the output; a part after a "-" must be absent.
func (s shell) expect(line string, code int, parts ...string) string {
	s.t.Helper()
	got, out, errs := s.run(line)
	if got != code {
		s.t.Errorf("%s: exit code %d, want %d\n%s%s", line, got, code, out, errs)
	}
	for _, part := range parts {
		if text, absent := strings.CutPrefix(part, "-"); strings.Contains(out+errs, text) == absent {
			s.t.Errorf("%s: %q in the output: %v\n%s%s", line, text, !absent, out, errs)
		}
	}
	return out
}

// fillRedis fills a Redis: 5-0 is open, 6-0 is closed, 7-0 and 8-0 were rejected.
func fillRedis(t *testing.T, addr string) {
	t.Helper()
	client, err := redis.NewClient(redis.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	j := records.New(client, records.Options{
		Stream: event.DefaultStream, Group: "ottoscaler", RecordTTL: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Owner: records.Owner{Namespace: "ci", Instance: "ottoscaler"},
	})
	if _, err := j.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(9).UTC()
	accept := func(ms uint64, task string) worker.Write {
		id := event.ID{Ms: ms}
		return worker.Accept{At: at, Hash: "h", Event: event.Event{
			EventID: id, Type: event.ScaleUp, PodCount: 2, Timestamp: id.Time(), Metadata: map[string]string{"task_id": task},
		}}
	}
	report := func(ms uint64, slot int, state worker.State, reason string, code *int) worker.Report {
		return worker.Report{
			ID: event.ID{Ms: ms}, Worker: "w", Slot: slot, Attempt: 1, State: state, UID: "u", Node: "n", Reason: reason, ExitCode: code, At: at,
		}
	}
	reject := func(ms uint64) worker.Write {
		return worker.Reject{
			ID: event.ID{Ms: ms}, Fields: map[string]string{"type": "scale_up", "pod_count": "zero"}, Code: "invalid_pod_count", Reason: "no number", At: at,
		}
	}
	succeeded := worker.Outcome{Report: report(6, 1, worker.StateSucceeded, "Completed", new(0))}
	failed := worker.Outcome{Report: report(6, 2, worker.StateFailed, "OOMKilled", new(137))}
	err = j.Commit(t.Context(), []worker.Write{
		accept(5, "a"),
		worker.Progress{Report: report(5, 1, worker.StateRunning, "", nil)},
		accept(6, "b"),
		succeeded, failed,
		worker.Settle{ID: event.ID{Ms: 6}, At: at},
		worker.Close{
			ID: event.ID{Ms: 6}, Slots: []worker.SlotRecord{*succeeded.Record(), *failed.Record()},
			Counts: worker.Counts{Succeeded: 1, Failed: 1}, At: at,
		},
		reject(7),
		reject(8),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommands: the output and the exit code of each command for the same records.
func TestCommands(t *testing.T) {
	server := miniredis.RunT(t)
	fillRedis(t, server.Addr())
	s := newShell(t, server.Addr())
	s.expect("get events", 0, "5-0", "starting", "-6-0")
	s.expect("get events --all", 0, "5-0", "6-0", "closed")
	s.expect("get events --all --task b", 0, "6-0", "-5-0")
	s.expect("get events --task a -o json", 0, `"event_id": "5-0"`)
	s.expect("get workers", 0, "otto-agent-1-5-0", "running", "otto-agent-2-5-0", "waiting", "-6-0")
	s.expect("get workers --all --task b", 0, "otto-agent-2-6-0", "-5-0", "-unknown")
	s.expect("get workers 6-0", 0, "otto-agent-1-6-0", "succeeded", "OOMKilled", "137", "-5-0", "-no longer")
	s.expect("get workers 9-9", 2, "ottoscaler explain 9-9")
	s.expect("get workers x", 2, "EVENT")
	s.expect("get workers 6-0 --task a", 2, "has no record")
	s.expect("explain a", 0, "Event 5-0", "1 workers wait for a Pod, 1 have one", "Kubernetes unavailable")
	s.expect("explain 6-0", 0, "Closed: 1 succeeded, 1 failed", "code: OTTO508")
	s.expect("explain 7-0", 0, "Rejected (invalid_pod_count)", "OTTO401")
	s.expect("explain task-9", 2, "task-9")
	server.Del("{otto:scale:events}:status")
	s.expect("get workers 6-0", 0, "OOMKilled", "137", "-unknown", "-no longer")
	server.HDel("{otto:scale:events}:event:6-0", "outcomes") // of an earlier release
	s.expect("get workers 6-0", 0, "unknown", "no longer has 2 of its 2 workers")
}

// TestSending: an entry is sent once, and a dead letter is deleted only with its redrive.
func TestSending(t *testing.T) {
	server := miniredis.RunT(t)
	fillRedis(t, server.Addr())
	s := newShell(t, server.Addr())
	deadLetter := strings.Fields(s.expect("dead list -n 1", 0, "  8-0", "-  7-0"))[4]
	s.expect("dead list", 0, "  8-0", "  7-0")
	s.expect("dead redrive "+deadLetter, 2, "it would be rejected again", "correct it with")
	s.expect("dead redrive "+deadLetter+" --set pod_count=", 2, "pod_count")
	s.expect("dead list", 0, "  8-0", "  7-0")
	var want []string
	want = append(want, strings.TrimSpace(s.expect("dead redrive "+deadLetter+" --set pod_count=3", 0)))
	s.expect("dead list", 0, "-  8-0", "  7-0")
	s.expect("dead redrive "+deadLetter+" --set pod_count=3", 1, "OTTO104", "no dead letter")
	want = append(want, strings.TrimSpace(s.expect("scale up 2 --task c --key k --deadline 90s --meta a=b", 0)))
	entries, err := server.Stream(event.DefaultStream)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if sent := strings.Join(entries[1].Values, " "); !strings.Contains(sent, "deadline_seconds 90") || !strings.Contains(sent, "idempotency_key k") {
		t.Errorf("sent %s", sent)
	}
}

// TestExitCodes: scripts rely on the numbers.
func TestExitCodes(t *testing.T) {
	s := newShell(t, unusedAddress(t))
	s.expect("version", 0)
	s.expect("get events", 1, "OTTO104", "connection refused")
	s.expect("explain 5-0", 1, "OTTO104", "Kubernetes unavailable too")
	s.expect("explain task-123", 1, "OTTO104", "connection refused", "-Kubernetes")
	s.expect("get pods", 2)
	s.expect("check", 3, "✖ redis", "OTTO104", "✖ kubernetes", "OTTO106", "2 of 2 checks failed")
	t.Setenv("REDIS_PORT", "many")
	for _, line := range []string{"get events", "config", "check"} {
		s.expect(line, 2, "OTTO101", "REDIS_PORT")
	}
	if exitFailed != 4 {
		t.Errorf("exitFailed is %d, want 4", exitFailed)
	}
}
