//go:build real

package bench

import (
	"fmt"
	"strings"
)

const head = `# Benchmarks

Written by ` + "`make bench`" + `; what the figures mean, and how to tune, is in [performance.md](performance.md).

Kubernetes should be the limit, never Ottoscaler. So every rate is a ratio to a **floor**: the same work done by
requests alone, with the same account, the same bytes and the same connections, in turn with the product on the same
machine. Figures are the median of all rounds, with the lowest and the highest; a ratio is the median of the rounds' own
ratios. Times come from the API server's audit log, from /proc and from Redis: the product is asked nothing.

- The rows before ` + "`life`" + ` are taken on a cluster without a node, with the scheduler and the controller-manager stopped: there is
  nothing but the API server and etcd to wait for. The others are taken on a simulated node (KWOK), with both.
- The account is a ServiceAccount with exactly the product's permissions, so API Priority and Fairness counts it.
- Redis has an append-only file. The product runs with its defaults, except for ` + "`OTTO_MAX_WORKERS=1000000`" + `,
  ` + "`OTTO_SUCCEEDED_TTL=0`" + `, and in the rows ` + "`burst`" + ` and ` + "`events`" + ` ` + "`OTTO_CREATE_CONCURRENCY`" + `, which is that of the floor.
- The API server, etcd, Redis, the product and what measures share the machine. MB are 10⁶ bytes.

`

// markdown is the document.
func (k *figuresFile) markdown() string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "Machine: %s.\n\n", k.Machine)
	b.WriteString("| figure | demand | floor | product | ratio | | `make bench` |\n|---|---|---|---|---|---|---|\n")
	for _, r := range k.Rows {
		for _, l := range r.Lines {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | `ROW=%s` |\n", noted(l), l.Demand, l.Floor, l.Product, l.Ratio, mark(l.Verdict), r.Row)
		}
	}
	for _, p := range plots {
		if k.has(p) {
			fmt.Fprintf(&b, "\n![%s](benchmarks/%s.svg)\n", p.title, p.name)
		}
	}
	b.WriteString("\n## When the rows were taken\n\n| `make bench` | took | taken |\n|---|---|---|\n")
	for _, r := range k.Rows {
		fmt.Fprintf(&b, "| `ROW=%s` | %.0f s | %s |\n", r.Row, r.Seconds, r.Taken)
	}
	return b.String()
}

func noted(l line) string {
	if l.Note == "" {
		return l.Figure
	}
	return l.Figure + " (" + l.Note + ")"
}

func mark(verdict string) string {
	if verdict == missed {
		return "**MISSED**"
	}
	return verdict
}
