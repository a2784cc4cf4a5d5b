package deploy

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var startReasons = regexp.MustCompile(`(?s)(- alert: OttoscalerWorkersCannotStart\n.*?reason=~")[^"]*`)

// TestGeneratedAlerts: OttoscalerWorkersCannotStart has every reason that keeps a worker from starting. It runs before the
// chart's copy is made: tests run in the order of their files.
func TestGeneratedAlerts(t *testing.T) {
	reasons := worker.ReasonNames(func(r worker.Reason) bool {
		return r.Class == worker.ClassStart && slices.Contains(r.States, worker.StateFailed)
	})
	text, err := os.ReadFile("alerts/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(startReasons.FindAll(text, -1)); n != 1 {
		t.Fatalf("rules.yaml has %d lists of reasons", n)
	}
	rules := startReasons.ReplaceAllString(string(text), "${1}"+strings.Join(reasons, "|"))
	golden.File(t, "alerts/rules.yaml", rules)
	golden.File(t, "alerts/prometheusrule.yaml", operatorRule(rules))
}

const ruleHeader = `# Made by "make generate" from rules.yaml: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ottoscaler
  labels: {app.kubernetes.io/name: ottoscaler}
spec:
`

// operatorRule wraps the rules in the object of the Prometheus operator.
func operatorRule(rules string) string {
	var b strings.Builder
	b.WriteString(ruleHeader)
	for line := range strings.Lines(rules) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}
