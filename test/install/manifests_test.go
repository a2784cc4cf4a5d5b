//go:build real

package install

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// TestManifests has the API server validate the plain manifests, and the chart with every option, strictly: an unknown field is
// an error.
func TestManifests(t *testing.T) {
	s := harness.NewInstalled(t, cluster) // for its namespaces and its Helm
	s.SkipOracle()
	s.Kubectl("apply", "-f", "../../deploy/namespaces.yaml")
	t.Cleanup(func() { s.Kubectl("delete", "-f", "../../deploy/namespaces.yaml") })
	s.Kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "../../deploy/k8s")

	// All but the kinds of Prometheus' operator, which is not installed.
	text, err := s.Helm("template", harness.Release, chart, "--values", "../../deploy/testdata/rich.yaml", "--set",
		"workers.namespace="+s.Namespace+",metrics.podMonitor.enabled=false,metrics.prometheusRule.enabled=false")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rich.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Kubectl("create", "--dry-run=server", "--validate=strict", "-f", file)
}
