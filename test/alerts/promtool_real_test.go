//go:build real

package alerts

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPromtool: Prometheus' own tool takes the rules, and every alert fires where it should and nowhere else.
func TestPromtool(t *testing.T) {
	for _, args := range [][]string{
		{"check", "rules", "rules.yaml"},
		{"test", "rules", "rules_test.yaml"},
	} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = filepath.Join(root, folder)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v (Debian's package prometheus has it; `make deps`)\n%s", args, err, out)
		}
	}
}
