package httpapi

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

var bashBlock = regexp.MustCompile("(?s)```bash\n(.*?)```")

// TestDocs runs every command of docs/api.md as printed, but for the address.
func TestDocs(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	page, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	mini := redistest.Mini(t)
	fill(t, mini)
	f := serve(t, mini, nil)
	send := f.do
	send(request{method: "POST", path: "/v1/events", token: "operator", body: `{"type":"scale_up","pod_count":1}`})
	mini.Do(t, "HSET", mini.Keys.Event(redistest.MustID(t, openID)), "task_id", "task-123")
	mini.Do(t, "XADD", mini.Keys.Status(), "*", "kind", "accepted", "event_id", "1756659802906-0", "task_id", "task-123", "queue", "default", "seq", 1)
	mini.Do(t, "HSET", mini.Keys.Event(redistest.MustID(t, "1756659802906-0")), "type", "scale_up", "pod_count", "1", "hash", "0", "accepted_at", stamped, "task_id", "task-123")
	f.await("the task", func() bool {
		status, _ := f.do(request{path: "/v1/tasks/task-123", token: "viewer"})
		return status == 200
	})
	n := 0
	for _, block := range bashBlock.FindAllStringSubmatch(string(page), -1) {
		for command := range strings.Lines(block[1]) {
			n++
			runCurl(t, f, command)
		}
	}
	if n < 15 {
		t.Errorf("only %d commands: is the form of the blocks still ```bash?", n)
	}
}

// runCurl lets the stream go on for a second.
func runCurl(t *testing.T, f *fixture, command string) {
	t.Helper()
	tested := strings.ReplaceAll(command, "http://localhost:8090", f.http.URL)
	tested = strings.Replace(tested, "curl ", "curl -sS --fail-with-body ", 1)
	if strings.Contains(command, "/v1/stream") {
		tested = strings.Replace(tested, "curl ", "curl --max-time 1 ", 1)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", tested)
	cmd.Env = append(os.Environ(), "TOKEN=operator", "EVENT="+openID, "LETTER=5-0")
	out, err := cmd.CombinedOutput()
	if strings.Contains(command, "/v1/stream") {
		if !strings.Contains(string(out), "event: snapshot") {
			t.Errorf("%s%s", command, out)
		}
		return
	}
	if err != nil {
		t.Errorf("%s%v: %s", command, err, out)
	}
}
