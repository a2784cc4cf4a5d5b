//go:build real

package clients

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// TestHearBack runs docs/hear-back.md block by block, but for its first section, which the stack stands for; each line of an
// output that the page shows must appear.
func TestHearBack(t *testing.T) {
	for _, page := range []string{"hear-back.md", "hear-back.ko.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		script, want := tutorial(string(text))
		if len(script) < 500 || len(want) < 10 {
			t.Fatalf("%s: %d bytes of commands, %d lines of output", page, len(script), len(want))
		}
		if page != "hear-back.md" {
			english, err := os.ReadFile("../../docs/hear-back.md")
			if err != nil {
				t.Fatal(err)
			}
			if same, _ := tutorial(string(english)); same != script {
				t.Errorf("%s has other commands than the English page", page)
			}
			continue // they are run once
		}
		s := harness.NewStack(t, cluster)
		s.Start("OTTO_SUCCEEDED_TTL=0")
		out := runScript(t, s, script)
		for _, line := range want {
			if !strings.Contains(out, line) {
				t.Errorf("no line %q in the output", line)
			}
		}
		if t.Failed() {
			t.Logf("the output:\n%s", out)
		}
		s.WaitClosed()
		if code := s.Stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		s.Verify()
	}
}

// tutorial returns the commands of a page as one script, and the lines of output that it shows, as normal leaves them.
func tutorial(page string) (script string, want []string) {
	_, page, _ = strings.Cut(page, "\n## 2.")
	var commands strings.Builder
	inOutput := false
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		command, isCommand := strings.CutPrefix(line, "    ")
		switch {
		case strings.HasPrefix(line, "```"):
			inOutput = line == "```text"
		case inOutput:
			want = append(want, normal(line))
		case isCommand:
			commands.WriteString(command + "\n")
		}
	}
	return commands.String(), want
}

var spaces = regexp.MustCompile(` +`)

// normal is a line without the spaces that only align it.
func normal(line string) string { return strings.TrimSpace(spaces.ReplaceAllString(line, " ")) }

func runScript(t *testing.T, s *harness.Stack, script string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(root, "bin", "backend")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "REDIS_HOST="+host, "REDIS_PORT="+port)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(out)) {
		lines.WriteString(normal(line) + "\n")
	}
	return lines.String()
}
