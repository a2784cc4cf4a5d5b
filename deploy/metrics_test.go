package deploy

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestMonitoring: the chart gives the Prometheus operator and Grafana the files of deploy, unchanged.
func TestMonitoring(t *testing.T) {
	all := mustRender(t, "--values", rich)
	rules, err := os.ReadFile("alerts/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := yaml.UnmarshalStrict(rules, &want); err != nil {
		t.Fatal(err)
	}
	rule := all["PrometheusRule/ottoscaler"]
	if diff := cmp.Diff(want, rule.at("spec")); diff != "" || len(want) == 0 {
		t.Errorf("the rules (-want +got):\n%s", diff)
	}
	dashboard, err := os.ReadFile("dashboards/ottoscaler.json")
	if err != nil {
		t.Fatal(err)
	}
	board := all["ConfigMap/ottoscaler-dashboard"]
	if diff := cmp.Diff(string(dashboard), board.at("data", "ottoscaler.json")); diff != "" {
		t.Errorf("the dashboard (-want +got):\n%s", diff)
	}
	for path, got := range map[string]any{
		"the monitor's label":   all["PodMonitor/ottoscaler"].at("metadata", "labels", "release"),
		"the rules' label":      rule.at("metadata", "labels", "release"),
		"the dashboard's label": board.at("metadata", "labels", "grafana_dashboard"),
	} {
		if got != map[string]any{"the dashboard's label": "1"}[path] && got != "prometheus" {
			t.Errorf("%s is %v", path, got)
		}
	}
}

// TestPodMonitor: port, path and selector match the Deployment's Pods.
func TestPodMonitor(t *testing.T) {
	all := mustRender(t, "--values", rich)
	monitor, deployment := all["PodMonitor/ottoscaler"], all["Deployment/ottoscaler"]
	endpoint := []any{"spec", "podMetricsEndpoints", 0}
	if got, want := monitor.at(append(endpoint, "port")...), deployment.at("spec", "template", "spec", "containers", 0, "ports", 0, "name"); got != want || got == nil {
		t.Errorf("the port is %v, the Pods' %v", got, want)
	}
	if got := monitor.at(append(endpoint, "path")...); got != "/metrics" {
		t.Errorf("the path is %v", got)
	}
	if diff := cmp.Diff(deployment.at("spec", "selector"), monitor.at("spec", "selector")); diff != "" {
		t.Errorf("whose Pods (-deployment +monitor):\n%s", diff)
	}
	if got := monitor.at("metadata", "namespace"); got != deployment.at("metadata", "namespace") {
		t.Errorf("it selects in %v", got)
	}
}

// TestScraperIsAllowed: a NetworkPolicy that restricts clients allows the scraper, where there is one.
func TestScraperIsAllowed(t *testing.T) {
	from := func(args ...string) any {
		all := mustRender(t, append([]string{"--values", rich}, args...)...)
		return all["NetworkPolicy/ottoscaler"].at("spec", "ingress", 0, "from")
	}
	some := map[string]any{"namespaceSelector": map[string]any{}}
	scraper := map[string]any{
		"namespaceSelector": map[string]any{}, "podSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "prometheus"}},
	}
	if diff := cmp.Diff([]any{some, scraper}, from()); diff != "" {
		t.Errorf("with a monitor (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{some}, from("--set", "metrics.podMonitor.enabled=false")); diff != "" {
		t.Errorf("without (-want +got):\n%s", diff)
	}
	if got := from("--set-json", "networkPolicy.from=[]"); got != nil {
		t.Errorf("where all clients are allowed: %v", got)
	}
}
