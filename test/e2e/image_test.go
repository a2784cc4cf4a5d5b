//go:build real

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

const ownImage = "localhost/e2e/agent:1"

// TestOwnImage: the image that is asked for runs, and its exit code and log are the worker's; command and arguments replace its own.
func TestOwnImage(t *testing.T) {
	if cluster.Node != "containerd" {
		t.Skip("a simulated node runs no image")
	}
	cluster.LoadImage(t, ownImage, "/busybox", "sh", "-c", `echo "own entrypoint, task $OTTO_TASK_ID, arguments: $*"; exit "${1:-7}"`, "agent")
	p, events := &operator{t: t, s: harness.NewStack(t, cluster)}, []string(nil)
	for _, test := range []struct{ command, args, says, log, state, code string }{
		{"", "", "the entrypoint of " + ownImage, "own entrypoint, task t, arguments: \n", "failed", "7"},
		{"", `["3", "b c"]`, "the entrypoint of " + ownImage, "own entrypoint, task t, arguments: 3 b c\n", "failed", "3"},
		{`["/busybox", "echo"]`, `["$(OTTO_TASK_ID)", ""]`, `\["/busybox","echo"\] .* in ` + ownImage, "t \n", "succeeded", "0"},
	} {
		p.env = []string{
			"OTTO_AGENT_IMAGE=" + ownImage, "OTTO_AGENT_COMMAND=" + test.command, "OTTO_AGENT_ARGS=" + test.args,
			"OTTO_SUCCEEDED_TTL=5s", "OTTO_FAILED_TTL=5s",
		}
		p.s.Start(p.env...)
		p.run("check", 0, "✔ program +the built-in worker runs "+test.says)
		event := p.s.Add("type", "scale_up", "pod_count", 1, "task_id", "t")
		events = append(events, event)
		p.s.Eventually("the worker to end", func() error { return ended(p.s, event) })
		if err := says(p.s, "otto-agent-1-"+event, test.log); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{test.state, test.code}, outcome(p.s, event)); diff != "" {
			t.Errorf("the outcome (-want +got):\n%s", diff)
		}
		if code := p.s.Stop(); code != 0 {
			t.Errorf("exit code %d after SIGTERM, want 0", code)
		}
	}
	p.s.Start(p.env...)
	p.s.WaitClosed(events...)
	p.s.Verify()
}

func ended(s *harness.Stack, event string) error {
	if outcome(s, event) == nil {
		return fmt.Errorf("no outcome in %v", s.Status(event))
	}
	return nil
}

// outcome is the state and the exit code of the event's only worker; nil: it has none yet. A failure carries the last line of the log.
func outcome(s *harness.Stack, event string) []string {
	for _, e := range s.Status(event) {
		switch e["state"] {
		case "failed":
			if !strings.Contains(e["message"], "own entrypoint") {
				return []string{"failed", "without its log: " + e["message"]}
			}
			return []string{e["state"], e["exit_code"]}
		case "succeeded":
			return []string{e["state"], e["exit_code"]}
		}
	}
	return nil
}
