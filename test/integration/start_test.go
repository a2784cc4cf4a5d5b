//go:build real

package integration

import (
	"bytes"
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// TestStartRefusals: a wrong environment ends the start with the right exit code and one line that says what to fix.
func TestStartRefusals(t *testing.T) {
	s := harness.NewStack(t, cluster)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for name, c := range map[string]struct {
		env  string
		code int
		says string
	}{
		"no Redis there":  {"REDIS_PORT=1", 1, "OTTO104: cannot use Redis: redis 127.0.0.1:1"},
		"a wrong number":  {"OTTO_MAX_WORKERS=many", 2, "OTTO101: invalid configuration: OTTO_MAX_WORKERS"},
		"a wrong port":    {"REDIS_PORT=99999", 2, "REDIS_PORT"},
		"no such folder":  {"OTTO_WORKER_TEMPLATES=/does/not/exist", 2, "/does/not/exist"},
		"a taken port":    {"OTTO_HTTP_ADDR=" + taken.Addr().String(), 1, "OTTO103: cannot serve health and metrics: OTTO_HTTP_ADDR"},
		"no such cluster": {"KUBECONFIG=/does/not/exist", 1, "KUBECONFIG"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			cmd := s.Command(c.env)
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != c.code {
				t.Errorf("ended with %v, want exit code %d\n%s", err, c.code, out.String())
			}
			line := strings.TrimSpace(out.String())
			if strings.Contains(line, "\n") || !strings.Contains(line, c.says) {
				t.Errorf("want one line about %s, got:\n%s", c.says, line)
			}
		})
	}
	t.Cleanup(func() { s.Verify(func(in *checker.Input) { in.Idle = true }) }) // the cases run when this function has returned
}
