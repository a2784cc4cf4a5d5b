//go:build real

package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// told is the part of an Event that matters here.
type told struct {
	Reason, Note, Type  string
	ReportingController string
	Regarding           struct{ Kind, Name string }
	Series              struct{ Count int }
}

// events are those that the product has written.
func events(s *harness.Stack) []told {
	var list struct{ Items []told }
	text := s.Kubectl("get", "events.events.k8s.io", "-n", s.Namespace, "-o", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return []told{{Reason: err.Error()}}
	}
	var ours []told
	for _, e := range list.Items {
		if e.ReportingController == "ottoscaler" {
			ours = append(ours, e)
		}
	}
	return ours
}

// one waits for an Event of a reason that has counted so far, and returns it; two of them are one too many.
func one(t *testing.T, s *harness.Stack, reason string, count int, parts ...string) {
	t.Helper()
	s.Eventually("the Event "+reason, func() error {
		var found []told
		for _, e := range events(s) {
			if e.Reason == reason {
				found = append(found, e)
			}
		}
		if len(found) != 1 || max(1, found[0].Series.Count) < count {
			return fmt.Errorf("%d Events, want one that counts %d: %+v\n%s", len(found), count, found, s.Log())
		}
		e := found[0]
		if e.Regarding.Kind != "Deployment" || e.Regarding.Name != "main" || e.Type != "Warning" {
			t.Errorf("the Event is %+v", e)
		}
		for _, part := range parts {
			if !strings.Contains(e.Note, part) {
				t.Errorf("the Event does not say %q: %s", part, e.Note)
			}
		}
		return nil
	})
}

// requestsOf counts what the product asked of Events, by verb, from the audit log.
func requestsOf(t *testing.T, s *harness.Stack) map[string]int {
	t.Helper()
	f, err := os.Open(s.Cluster.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	count := make(map[string]int)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct {
			Verb, Stage string
			User        struct{ Username string }
			ObjectRef   struct{ Resource string }
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err == nil && e.User.Username == s.User() && e.ObjectRef.Resource == "events" {
			count[e.Verb]++
		}
	}
	return count
}

// TestEventsOfAHealthyRun: there is none, and nothing is asked about them.
func TestEventsOfAHealthyRun(t *testing.T) {
	s := harness.NewStack(t, cluster)
	dir := templates(t, map[string]string{"fails": `devcluster.io/exit-code: "7"`, "long": "devcluster.io/duration: 1h"})
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_WORKER_TEMPLATES="+dir, "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s")
	all := append(burst(s), s.Add(up("template", "fails")...), s.Add(up("template", "long", "task_id", "long")...))
	s.Eventually("the long one to run", func() error { return running(s, all[len(all)-1]) })
	all = append(all, s.Add("type", "scale_down", "pod_count", 1, "task_id", "long"))
	s.WaitClosed(all...)
	if asked, told := requestsOf(t, s), events(s); len(asked) > 0 || len(told) > 0 {
		t.Errorf("asked %v, told %+v", asked, told)
	}
	s.Verify(func(in *checker.Input) { in.Templates = []string{"fails", "long"} })
}

// TestEventsOfAQuota: however many workers wait and however often it is tried, it is one Event, whose count rises.
func TestEventsOfAQuota(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s", "REDIS_PASSWORD="+canary, "REDIS_USERNAME="+user(t, s))
	waiting := []string{s.Add("type", "scale_up", "pod_count", 20), s.Add(up()...)}
	began := time.Now()
	one(t, s, "TemplateParked", 2, "built-in template", " first: creating pod", "exceeded quota", "OTTO301", "Raise the quota")
	asked := requestsOf(t, s)
	if limit := 1 + int(time.Since(began)/(9*time.Second)); asked["create"] != 1 || asked["patch"] > limit {
		t.Errorf("%v requests in %v", asked, time.Since(began))
	}
	if out, err := s.Cluster.Kubectl("events", "-n", s.Namespace, "--for", "deployment/main"); err != nil || !strings.Contains(out, "TemplateParked") {
		t.Errorf("kubectl events: %v\n%s", err, out)
	}
	s.Kubectl("delete", "quota", "full", "-n", s.Namespace)
	s.WaitClosed(waiting...)
	if text := s.Kubectl("get", "events", "-n", s.Namespace, "-o", "yaml"); strings.Contains(text, canary) {
		t.Error("an Event has the password")
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// user is one whose password is the canary.
func user(t *testing.T, s *harness.Stack) string {
	t.Helper()
	if err := s.Redis.Do(t.Context(), "ACL", "SETUSER", "otto", "on", ">"+canary, "~*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	return "otto"
}

// TestEventsOfWorkers: entries that are rejected, workers that cannot start, and one that is lost, are told once for each
// reason. What a producer sent does not pass as it is.
func TestEventsOfWorkers(t *testing.T) {
	s := harness.NewStack(t, cluster)
	dir := templates(t, map[string]string{"no-pull": "devcluster.io/fault: image-pull", "long": "devcluster.io/duration: 1h"})
	env := []string{"OTTO_DEPLOYMENT=main", "OTTO_WORKER_TEMPLATES=" + dir, "OTTO_IMAGE_PULL_TIMEOUT=2s", "OTTO_FAILED_TTL=1s", "OTTO_SUCCEEDED_TTL=1s"}
	s.Start(env...)
	var rejected string
	for range 5 {
		rejected = s.Add("type", "scale\x1b[2J\n"+strings.Repeat("한", 2000), "pod_count", 1)
	}
	noImage := s.Add("type", "scale_up", "pod_count", 3, "template", "no-pull")
	one(t, s, "EntryRejected", 5, "invalid_type", "OTTO401", "Correct the producer")
	one(t, s, "WorkerCannotStart", 1, "otto-agent-", noImage, "OTTO50", "Correct `OTTO_AGENT_IMAGE`")

	lost := s.Add(up("template", "long")...)
	s.Eventually("the worker to run", func() error { return running(s, lost) })
	s.Kill()
	s.Kubectl("delete", "pod", "otto-agent-1-"+lost, "-n", s.Namespace, "--force", "--grace-period=0")
	s.Start(env...)
	one(t, s, "WorkerLost", 1, "otto-agent-1-"+lost, "Missing", "OTTO511")
	s.WaitClosed(noImage, lost)
	for _, e := range events(s) {
		if len(e.Note) > 1024 || strings.ContainsAny(e.Note, "\x1b\n") {
			t.Errorf("the note is %q", e.Note)
		}
	}
	if code := statusOf(s, rejected)["code"]; code != "OTTO401" {
		t.Errorf("the status says %q of the rejected entry", code)
	}
	if o := outcome(s, lost); o["code"] != "OTTO511" {
		t.Errorf("the status says of the lost worker: %v", o)
	}
	s.Verify(harness.WithFault(checker.Fault{Killed: true, Others: true}), func(in *checker.Input) { in.Templates = []string{"no-pull", "long"} })
}

func statusOf(s *harness.Stack, event string) map[string]string {
	if all := s.Status(event); len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

func running(s *harness.Stack, event string) error {
	if last := statusOf(s, event); last["state"] != "running" {
		return fmt.Errorf("the last is %v", last)
	}
	return nil
}

// TestEventsOfTheInstallation: what keeps everything from working is told, and then it works.
func TestEventsOfTheInstallation(t *testing.T) {
	s := harness.NewStack(t, cluster)
	owner := "{" + harness.Stream + "}:owner"
	other := `{"group":"g","namespace":"elsewhere","instance":"blue","lease_uid":"u"}`
	if err := s.Redis.Set(t.Context(), owner, other, 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kubectl("delete", "rolebinding", "ottoscaler", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s")
	one(t, s, "StreamOwned", 1, "elsewhere/blue", "OTTO203")
	if err := s.Redis.Del(t.Context(), owner).Err(); err != nil {
		t.Fatal(err)
	}
	event := s.Add(up()...)
	one(t, s, "AccessDenied", 1, "cannot be watched", "forbidden", "OTTO304")
	s.Kubectl("create", "rolebinding", "ottoscaler", "--role=ottoscaler", "--serviceaccount="+s.Namespace+":ottoscaler", "-n", s.Namespace)
	s.WaitClosed(event)
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// TestEventsDenied: an account that may not write them says so in one line, is silent from then on, and works.
func TestEventsDenied(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Kubectl("delete", "rolebinding", "ottoscaler-events", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s")
	for range 3 {
		s.Add("type", "scale_sideways", "pod_count", 1)
	}
	s.Eventually("the line", func() error {
		if strings.Count(s.Log(), "OTTO312") == 0 {
			return fmt.Errorf("no line says it")
		}
		return nil
	})
	s.Add("type", "scale_sideways", "pod_count", 1)
	s.WaitClosed(burst(s)...)
	if n, asked := strings.Count(s.Log(), "OTTO312"), requestsOf(t, s); n != 1 || asked["create"] != 1 || asked["patch"] > 0 {
		t.Errorf("%d lines, asked %v", n, asked)
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}
