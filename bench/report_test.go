//go:build real

package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	document = "../docs/benchmarks.md"
	folder   = "../docs/benchmarks" // plots, and the figures they and the document are made from
)

const (
	red    = "\x1b[31m"
	normal = "\x1b[0m"
)

// summary is a line for each figure, missed demands in red.
func summary(taken []result) string {
	var b strings.Builder
	for _, r := range taken {
		for _, l := range r.Lines {
			text := fmt.Sprintf("%-8s %-6s %s", r.Row, l.Verdict, l.text())
			if l.Verdict == missed {
				text = red + text + normal
			}
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func (l line) text() string {
	text := l.Figure + ":"
	for _, part := range []string{l.Product, l.Ratio} {
		if part != "" {
			text += " " + part + ","
		}
	}
	if l.Floor != "" {
		text += " floor " + l.Floor + ","
	}
	if l.Demand != "" {
		text += " demanded " + l.Demand
	}
	return strings.TrimSuffix(text, ",")
}

// fail fails the test for each missed demand.
func (b *bench) fail() {
	for _, l := range b.result.Lines {
		if l.Verdict == missed {
			b.Errorf("missed: %s", l.text())
		}
	}
}

// figuresFile has the results of all rows; a new result of one row leaves the others.
type figuresFile struct {
	Machine string
	Rows    []result
}

func write(t *testing.T, taken []result) {
	t.Helper()
	var kept figuresFile
	path := filepath.Join(folder, "figures.json")
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: %v", path, err)
	}
	kept.merge(taken)
	if data, err = json.MarshalIndent(kept, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(document, []byte(kept.markdown()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := kept.plots(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("written: docs/benchmarks.md, docs/benchmarks/\n")
}

// merge replaces the results of the rows that ran.
func (k *figuresFile) merge(taken []result) {
	k.Machine = machine()
	stamp := fmt.Sprintf("%s, %s", time.Now().UTC().Format(time.DateOnly), output(os.Getenv("OTTOSCALER"), "--version"))
	for _, r := range taken {
		r.Taken = stamp
		k.Rows = slices.DeleteFunc(k.Rows, func(old result) bool { return old.Row == r.Row })
		k.Rows = append(k.Rows, r)
	}
	place := func(r result) int { return slices.IndexFunc(rows, func(row row) bool { return row.name == r.Row }) }
	k.Rows = slices.DeleteFunc(k.Rows, func(r result) bool { return place(r) < 0 })
	slices.SortFunc(k.Rows, func(a, b result) int { return place(a) - place(b) })
}

// kubernetesVersion is that of the clusters.
var kubernetesVersion string

// machine describes this machine and its software.
func machine() string {
	words := strings.Fields(output("redis-server", "--version"))
	redis := strings.Join(words[:min(3, len(words))], " ")
	kernel, _, _ := strings.Cut(read("/proc/version"), " (")
	return fmt.Sprintf("%s, %d cores, %s of memory; %s; Kubernetes %s; %s; %s", field("/proc/cpuinfo", "model name"),
		runtime.NumCPU(), gib(field("/proc/meminfo", "MemTotal")), kernel, kubernetesVersion, redis, runtime.Version())
}

func field(path, name string) string {
	lines := bufio.NewScanner(strings.NewReader(read(path)))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func gib(kb string) string {
	var n float64
	if _, err := fmt.Sscan(kb, &n); err != nil {
		return kb
	}
	return fmt.Sprintf("%.0f GiB", n/(1<<20))
}

func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}
