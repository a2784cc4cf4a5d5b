//go:build real

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// tenants are the queues of the example in docs/queues.md, in the order of its table.
var tenants = []string{"web", "ml", "data"}

// tolerance is how far from its share a queue may be: Pods end while it is looked at.
const tolerance = 4

// example is what docs/queues.md says of three tenants: the page is the test.
type example struct {
	file   string  // the queues file
	places [][]int // after each step, by tenant
}

var (
	exampleFile = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	exampleRow  = regexp.MustCompile(`(?m)^\| .*\| (\d+) \| (\d+) \| (\d+) \|$`)
)

func readExample(t *testing.T) example {
	t.Helper()
	b, err := os.ReadFile("../../docs/queues.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Example: three tenants\n")
	file := exampleFile.FindStringSubmatch(section)
	if file == nil || !strings.Contains(section, "| what happens | "+strings.Join(tenants, " | ")+" |") {
		t.Fatal("docs/queues.md has no example of three tenants")
	}
	e := example{file: filepath.Join(t.TempDir(), "queues.yaml")}
	if err := os.WriteFile(e.file, []byte(file[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range exampleRow.FindAllStringSubmatch(section, -1) {
		var places []int
		for _, digits := range m[1:] {
			n, _ := strconv.Atoi(digits) // the pattern has digits only
			places = append(places, n)
		}
		e.places = append(e.places, places)
	}
	return e
}

// places are what `get queues` says of each tenant.
func (o *session) places() map[string]int {
	o.t.Helper()
	var rows []struct {
		Name string `json:"name"`
		Live int    `json:"live"`
	}
	if err := json.Unmarshal([]byte(o.ottoscaler(0, "get", "queues", "-o", "json")), &rows); err != nil {
		o.t.Fatal(err)
	}
	all := make(map[string]int)
	for _, r := range rows {
		all[r.Name] = r.Live
	}
	return all
}

// waitForShares waits until each tenant holds about the places that the page says.
func (o *session) waitForShares(step int, want []int) {
	o.t.Helper()
	o.s.Eventually(fmt.Sprintf("step %d of the example", step+1), func() error {
		got := o.places()
		for i, name := range tenants {
			if d := got[name] - want[i]; d > tolerance || d < -tolerance {
				return fmt.Errorf("places %v, want %v of %v", got, want, tenants)
			}
		}
		return nil
	})
}

// TestThreeTenants: the example of docs/queues.md, with its file and its numbers.
func TestThreeTenants(t *testing.T) {
	e := readExample(t)
	s := harness.NewStack(t, cluster)
	o := &session{t: t, s: s}
	dir := templates(t, map[string]string{"job": "devcluster.io/duration: 5s"})
	s.Start("OTTO_QUEUES_FILE="+e.file, "OTTO_WORKER_TEMPLATES="+dir, "OTTO_MAX_WORKERS=100", "OTTO_SUCCEEDED_TTL=1s")
	var events []string
	arrive := func(queue string) func() {
		return func() {
			for range 3 {
				events = append(events, s.Add("type", "scale_up", "pod_count", 1000, "task_id", "load", "queue", queue, "template", "job"))
			}
		}
	}
	drain := func(queue string) { o.ottoscaler(0, "cancel", "--task", "load", "--queue", queue) }
	steps := []func(){arrive("ml"), arrive("web"), arrive("data"), func() { drain("ml") }}
	if len(e.places) != len(steps) {
		t.Fatalf("the example has %d steps, want %d", len(e.places), len(steps))
	}
	for i, step := range steps {
		step()
		o.waitForShares(i, e.places[i])
	}
	drain("web")
	drain("data")
	s.WaitClosed(events...)
	s.Verify(func(in *checker.Input) { in.Templates = []string{"job"} })
}

// TestPauseOutlastsRestart: what is paused starts nothing, whoever leads, until it is resumed; explain says who paused it and why.
func TestPauseOutlastsRestart(t *testing.T) {
	s := harness.NewStack(t, cluster)
	o := &session{t: t, s: s}
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	o.wantText("pause", o.ottoscaler(0, "pause", "web", "--by", "kim", "--reason", "etcd upgrade"), "queue web paused")
	s.Kill()
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	waiting := s.Add(up("queue", "web")...)
	other := s.Add(up("queue", "ml")...)
	s.Eventually("the other queue's event to close", func() error {
		if last := statusOf(s, other); last["kind"] != "closed" {
			return fmt.Errorf("the last status is %v", last)
		}
		return nil
	})
	s.Eventually("its Pod to be deleted", func() error {
		if pods := s.Pods(); len(pods) > 0 {
			return fmt.Errorf("Pods %v: a paused queue has none", pods)
		}
		return nil
	})
	o.wantText("explain", o.ottoscaler(0, "explain", waiting), "Queue web, paused by kim since", `"etcd upgrade"`, "ottoscaler resume web")
	o.wantText("get queues", o.ottoscaler(0, "get", "queues"), "paused by kim")
	o.wantText("resume", o.ottoscaler(0, "resume", "web", "--by", "kim"), "queue web resumed")
	s.WaitClosed(waiting)
	s.Verify(harness.WithFault(checker.Fault{Killed: true}))
}
