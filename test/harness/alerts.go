//go:build real

package harness

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// Scrape reads /metrics at an address.
func Scrape(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s, %v", response.Status, err)
	}
	return string(body)
}

// Minutes that promtool evaluates with each scrape, longer than the `for` of any tested rule.
const (
	minutesBefore = 30
	minutesAfter  = 4
)

type (
	series struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	sample struct {
		Labels string  `json:"labels"`
		Value  float64 `json:"value"`
	}
	expression struct {
		Expr    string   `json:"expr"`
		At      string   `json:"eval_time"`
		Samples []sample `json:"exp_samples"`
	}
	promtoolTest struct {
		Interval    string       `json:"interval"`
		Series      []series     `json:"input_series"`
		Expressions []expression `json:"promql_expr_test"`
	}
	promtoolFile struct {
		Rules []string       `json:"rule_files"`
		Tests []promtoolTest `json:"tests"`
	}
)

// WantAlerts evaluates deploy/alerts/rules.yaml with two scrapes: no alert fires with the first, and minutes after the second
// exactly the wanted ones do.
func WantAlerts(t *testing.T, before, after string, want ...string) {
	t.Helper()
	rules, err := filepath.Abs("../../deploy/alerts/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const firing = `group by (alertname) (ALERTS{alertstate="firing"})`
	end := expression{Expr: firing, At: fmt.Sprintf("%dm", minutesBefore+minutesAfter), Samples: []sample{}}
	for _, alert := range want {
		end.Samples = append(end.Samples, sample{fmt.Sprintf("{alertname=%q}", alert), 1})
	}
	text, err := yaml.Marshal(promtoolFile{[]string{rules}, []promtoolTest{{
		Interval: "1m", Series: joinSeries(scraped(before), scraped(after)),
		Expressions: []expression{{firing, fmt.Sprintf("%dm", minutesBefore), []sample{}}, end},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alerts.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v (Debian's package prometheus has it; `make deps`)\n%s", err, out)
	}
}

// scraped are the values of the product's series in a scrape, without histogram buckets: no rule uses them.
func scraped(text string) map[string]string {
	all := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if name += "}"; !ok {
			name, value, ok = strings.Cut(strings.TrimSpace(line), " ")
		}
		if ok && strings.HasPrefix(name, "ottoscaler_") && !strings.Contains(name, "_bucket{") {
			all[name] = value
		}
	}
	return all
}

// joinSeries gives each series its first value and then its second; `_` is a scrape without the series.
func joinSeries(before, after map[string]string) []series {
	var all []series
	value := func(from map[string]string, name string) string {
		if v, is := from[name]; is {
			return v
		}
		return "_"
	}
	for name := range before {
		all = append(all, series{name, fmt.Sprintf("%sx%d %sx%d", value(before, name), minutesBefore, value(after, name), minutesAfter)})
	}
	for name := range after {
		if _, is := before[name]; !is {
			all = append(all, series{name, fmt.Sprintf("_x%d %sx%d", minutesBefore, after[name], minutesAfter)})
		}
	}
	slices.SortFunc(all, func(a, b series) int { return strings.Compare(a.Series, b.Series) })
	return all
}
