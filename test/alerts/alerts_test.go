// Package alerts has no code; its tests hold the alerting rules, their runbooks and the dashboard to the metrics that exist.
package alerts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const (
	root     = "../.."
	folder   = "deploy/alerts"
	runbooks = "docs/runbooks"
)

type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(read(t, path), into); err != nil {
		t.Fatal(err)
	}
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file ruleFile
	parse(t, filepath.Join(folder, "rules.yaml"), &file)
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) == 0 {
		t.Fatalf("%d groups", len(file.Groups))
	}
	return file.Groups[0].Rules
}

// TestRunbooks: each alert has a severity, a summary, a description and a runbook; no runbook is left over.
func TestRunbooks(t *testing.T) {
	var alerts, pages []string
	for _, r := range rules(t) {
		alerts = append(alerts, r.Alert+".md")
		page := string(read(t, filepath.Join(runbooks, r.Alert+".md")))
		if !strings.HasPrefix(page, "# "+r.Alert+"\n") || !strings.Contains(page, "\n## Diagnose\n") || !strings.Contains(page, "\n## Fix\n") {
			t.Errorf("%s: the runbook does not say how to diagnose and how to fix it", r.Alert)
		}
		if !strings.HasSuffix(r.Annotations["runbook_url"], "/"+runbooks+"/"+r.Alert+".md") {
			t.Errorf("%s: its runbook_url is %q", r.Alert, r.Annotations["runbook_url"])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: summary, description or severity is missing", r.Alert)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, runbooks))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pages = append(pages, e.Name())
	}
	slices.Sort(alerts)
	if diff := cmp.Diff(alerts, pages); diff != "" {
		t.Errorf("alerts against pages (-want +got):\n%s", diff)
	}
}

// TestPrometheusRule: the form for the Prometheus operator has the same rules.
func TestPrometheusRule(t *testing.T) {
	var plain ruleFile
	parse(t, filepath.Join(folder, "rules.yaml"), &plain)
	var wrapped struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       ruleFile       `json:"spec"`
	}
	parse(t, filepath.Join(folder, "prometheusrule.yaml"), &wrapped)
	if wrapped.Kind != "PrometheusRule" {
		t.Errorf("it is a %s", wrapped.Kind)
	}
	if diff := cmp.Diff(plain, wrapped.Spec); diff != "" {
		t.Errorf("rules.yaml against prometheusrule.yaml:\n%s", diff)
	}
}

// TestEachAlertIsTested: rules_test.yaml has every alert fire once and stay silent once.
func TestEachAlertIsTested(t *testing.T) {
	var file struct {
		Tests []struct {
			Cases []struct {
				Alert string `json:"alertname"`
				Fires []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal(read(t, filepath.Join(folder, "rules_test.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := make(map[string]bool), make(map[string]bool)
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			fires[c.Alert] = fires[c.Alert] || len(c.Fires) > 0
			silent[c.Alert] = silent[c.Alert] || len(c.Fires) == 0
		}
	}
	for _, r := range rules(t) {
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: fires %v, silent %v", r.Alert, fires[r.Alert], silent[r.Alert])
		}
	}
}

var (
	metric = regexp.MustCompile(`\bottoscaler_[a-z_]+\b`)
	row    = regexp.MustCompile("(?m)^\\| `(ottoscaler_[a-z_]+)` \\| (\\w+) \\| (.*?) \\|")
	label  = regexp.MustCompile("`([a-z_]+)`")
	choice = regexp.MustCompile(`([a-z_]+)(?:=~?|!=)"([^"]*)"`)
)

// known are the metrics of docs/metrics.md, which is generated from the source, and the labels with their values.
func known(t *testing.T) (names []string, labels string) {
	t.Helper()
	for _, m := range row.FindAllStringSubmatch(string(read(t, "docs/metrics.md")), -1) {
		names = append(names, m[1])
		if m[2] == "histogram" {
			names = append(names, m[1]+"_bucket", m[1]+"_count", m[1]+"_sum")
		}
		labels += m[3] + ", "
	}
	if len(names) < 20 || !label.MatchString(labels) {
		t.Fatalf("found %v", names)
	}
	return names, labels
}

// checkExpr reports metrics, and values of labels, that do not exist.
func checkExpr(t *testing.T, where, expr string) {
	t.Helper()
	names, labels := known(t)
	for _, m := range metric.FindAllString(expr, -1) {
		if !slices.Contains(names, m) {
			t.Errorf("%s: there is no metric %s", where, m)
		}
	}
	for _, c := range choice.FindAllStringSubmatch(expr, -1) {
		for value := range strings.SplitSeq(c[2], "|") {
			if c[1] != "job" && !regexp.MustCompile(`[ ,]`+regexp.QuoteMeta(value)+`[,;]`).MatchString(labels) {
				t.Errorf("%s: there is no %s %q", where, c[1], value)
			}
		}
	}
}

func TestRulesUseWhatExists(t *testing.T) {
	for _, r := range rules(t) {
		if !metric.MatchString(r.Expr) {
			t.Errorf("%s: it uses none of our metrics", r.Alert)
		}
		checkExpr(t, r.Alert, r.Expr)
	}
}

// TestDashboard: every panel queries metrics and labels that exist.
func TestDashboard(t *testing.T) {
	var d struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(read(t, "deploy/dashboards/ottoscaler.json"), &d); err != nil || d.UID == "" || len(d.Panels) < 10 {
		t.Fatalf("%v, %d panels", err, len(d.Panels))
	}
	ids := make(map[int]bool)
	for _, p := range d.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %d, %q: it shows nothing, or its ID is taken", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			checkExpr(t, p.Title, target.Expr)
		}
	}
}
