package fidelity

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEveryRowHasALevel(t *testing.T) {
	levels := []Level{Real, Simulated, Partly, Absent}
	for _, node := range []string{Containerd, Kwok, None} {
		for _, r := range Table(node) {
			if r.Area == "" || !slices.Contains(levels, r.Level) {
				t.Errorf("%s: %+v", node, r)
			}
			if r.Level == Partly && r.Note == "" {
				t.Errorf("%s: %q does not say which part", node, r.Area)
			}
		}
	}
}

func TestKwokIsDeclaredSimulated(t *testing.T) {
	want := map[string]Level{"containers, exit codes, OOM": Simulated, "kubectl logs, exec": Absent}
	for _, r := range Table(Kwok) {
		if level, ok := want[r.Area]; ok && r.Level != level {
			t.Errorf("%s: level %s, want %s", r.Area, r.Level, level)
		}
		delete(want, r.Area)
	}
	if len(want) > 0 {
		t.Errorf("missing areas: %v", want)
	}
}

func TestReadmeHasTheTable(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := markdown(); !strings.Contains(string(readme), want) {
		t.Errorf("README.md lacks or has changed this table:\n%s", want)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString("| | containerd | kwok | none |\n|---|---|---|---|\n")
	for _, a := range areas() {
		b.WriteString("| " + a.name)
		for i, s := range []support{a.containerd, a.kwok, a.none} {
			b.WriteString(" | ")
			if i > 0 && a.kwok == a.containerd && a.none == a.kwok {
				b.WriteString("same")
				continue
			}
			b.WriteString(cell(s))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

func cell(s support) string {
	if s.note == "" {
		return string(s.level)
	}
	return string(s.level) + ": " + strings.ReplaceAll(s.note, "|", `\|`)
}
