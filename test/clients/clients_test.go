//go:build real

// Package clients runs the tests of each client against the product, on a simulated node. What a client claims is so held against
// two judges: its own tests, and the oracle, which sees only what Redis and Kubernetes saw.
package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

var cluster *harness.Cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if cluster, err = harness.StartCluster("kwok"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	return m.Run()
}

// TestClients: each client's whole suite, its tests of the product among them.
func TestClients(t *testing.T) {
	for name, c := range map[string]struct {
		dir     string
		command []string
		ran     string // what the output has only if the tests of the product ran
	}{
		"go":         {"client", []string{"go", "test", "-count", "1", "-v", "./..."}, "--- PASS: TestProduct"},
		"typescript": {"clients/typescript", []string{"npm", "test"}, "✔ three workers, to the end"},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.NewStack(t, cluster)
			s.Start("OTTO_SUCCEEDED_TTL=0", "OTTO_FAILED_TTL=0")
			out := runIn(t, c.dir, []string{"OTTO_CLIENT_REDIS=" + s.Server.Addr}, c.command...)
			if !strings.Contains(out, c.ran) {
				t.Errorf("the tests of the product did not run:\n%s", out)
			}
			s.WaitClosed()
			if code := s.Stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			s.Verify()
		})
	}
}

// runIn runs a command in a folder of the repository.
func runIn(t *testing.T, dir string, env []string, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = filepath.Join("../..", dir)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s in %s: %v\n%s", strings.Join(command, " "), dir, err, out)
	}
	return string(out)
}
