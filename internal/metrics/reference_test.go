package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/ottoscaler/ottoscaler/internal/golden"
)

const reference = "../../docs/metrics.md"

const preamble = `# Metrics

[한국어](metrics.ko.md)

<!-- Made by "make generate" from internal/metrics: change it there. -->

` + "`/metrics` on `OTTO_HTTP_ADDR`" + ` serves these, and those of Go and of the process (` + "`go_*`, `process_*`" + `). Every series
exists from the start, at zero. No label names a task, an event or a Pod; an unknown reason counts as ` + "`other`" + `.
` + "`queue`" + ` is a name in the queues file, ` + "`default`, or `other`" + ` for all queues that the file does not name.

Counters and histograms count what was committed to Redis, in the process that committed it: query
` + "`sum(increase(…))`" + ` over all replicas. Gauges about workers and events are zero in a standby, so sums are right too. Gauges
about the stream are the same in every replica: use ` + "`max(…)`" + `.
`

// TestReference holds docs/metrics.md against what is registered.
func TestReference(t *testing.T) {
	golden.File(t, reference, markdown(t))
}

func markdown(t *testing.T) string {
	t.Helper()
	families, err := newFixture().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(preamble + "\n| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), namespace+"_") {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labels(f), f.GetHelp())
		}
	}
	return b.String()
}

// labels lists each label with its values, unless these are the operator's.
func labels(f *dto.MetricFamily) string {
	values := make(map[string][]string)
	var names []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !slices.Contains(names, l.GetName()) {
				names = append(names, l.GetName())
			}
			if !slices.Contains(values[l.GetName()], l.GetValue()) {
				values[l.GetName()] = append(values[l.GetName()], l.GetValue())
			}
		}
	}
	var all []string
	for _, n := range names {
		slices.Sort(values[n])
		switch n {
		case "version", "template", "check", "queue":
			all = append(all, "`"+n+"`")
		default:
			all = append(all, "`"+n+"`: "+strings.Join(values[n], ", "))
		}
	}
	return strings.Join(all, "; ")
}
