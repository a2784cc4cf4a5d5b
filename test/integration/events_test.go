//go:build real

package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// kubeEvent is the part of an Event that the tests need.
type kubeEvent struct {
	Reason, Note, Type  string
	ReportingController string
	Regarding           struct{ Kind, Name string }
	Series              struct{ Count int }
}

// events are the Events that the product has written.
func events(s *harness.Stack) []kubeEvent {
	var list struct{ Items []kubeEvent }
	text := s.Kubectl("get", "events.events.k8s.io", "-n", s.Namespace, "-o", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return []kubeEvent{{Reason: err.Error()}}
	}
	var ours []kubeEvent
	for _, e := range list.Items {
		if e.ReportingController == "ottoscaler" {
			ours = append(ours, e)
		}
	}
	return ours
}

// waitForEvent waits until there is exactly one Event of a reason, with at least this count and these texts in its note.
func waitForEvent(t *testing.T, s *harness.Stack, reason string, count int, parts ...string) {
	t.Helper()
	s.Eventually("the Event "+reason, func() error {
		var found []kubeEvent
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
				t.Errorf("the Event does not contain %q: %s", part, e.Note)
			}
		}
		return nil
	})
}

// eventRequests counts the product's requests for Events, by verb, from the audit log.
func eventRequests(s *harness.Stack) map[string]int {
	count := make(map[string]int)
	for _, r := range s.AllRequests() {
		if r.Resource == "events" {
			count[r.Verb]++
		}
	}
	return count
}

// TestEventsOfAHealthyRun: the product writes no Event and sends no request for one.
func TestEventsOfAHealthyRun(t *testing.T) {
	s := harness.NewStack(t, cluster)
	dir := templates(t, map[string]string{"fails": `devcluster.io/exit-code: "7"`, "long": "devcluster.io/duration: 1h"})
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_WORKER_TEMPLATES="+dir, "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s")
	all := append(burst(s), s.Add(up("template", "fails")...), s.Add(up("template", "long", "task_id", "long")...))
	s.Eventually("the long worker to run", func() error { return running(s, all[len(all)-1]) })
	all = append(all, s.Add("type", "scale_down", "pod_count", 1, "task_id", "long"))
	s.WaitClosed(all...)
	if requests, written := eventRequests(s), events(s); len(requests) > 0 || len(written) > 0 {
		t.Errorf("requests %v, Events %+v", requests, written)
	}
	s.Verify(func(in *checker.Input) { in.Templates = []string{"fails", "long"} })
}

// TestEventsOfAQuota: however many workers wait and retry, there is one Event, whose count increases.
func TestEventsOfAQuota(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s", "REDIS_PASSWORD="+canary, "REDIS_USERNAME="+user(t, s))
	waiting := []string{s.Add("type", "scale_up", "pod_count", 20), s.Add(up()...)}
	began := time.Now()
	waitForEvent(t, s, "TemplateParked", 2, "built-in template", ": creating pod", "exceeded quota", "OTTO301", "Raise the quota")
	requests := eventRequests(s)
	if limit := 1 + int(time.Since(began)/(9*time.Second)); requests["create"] != 1 || requests["patch"] > limit {
		t.Errorf("%v requests in %v", requests, time.Since(began))
	}
	if out, err := s.Cluster.Kubectl("events", "-n", s.Namespace, "--for", "deployment/main"); err != nil || !strings.Contains(out, "TemplateParked") {
		t.Errorf("kubectl events: %v\n%s", err, out)
	}
	s.Kubectl("delete", "quota", "full", "-n", s.Namespace)
	s.WaitClosed(waiting...)
	if text := s.Kubectl("get", "events", "-n", s.Namespace, "-o", "yaml"); strings.Contains(text, canary) {
		t.Error("an Event contains the password")
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// user creates a Redis user with the password canary.
func user(t *testing.T, s *harness.Stack) string {
	t.Helper()
	if err := s.Redis.Do(t.Context(), "ACL", "SETUSER", "otto", "on", ">"+canary, "~*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	return "otto"
}

// TestEventsOfWorkers: rejected entries, workers that cannot start and a lost worker have one Event for each reason. Text from
// a producer is escaped.
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
	waitForEvent(t, s, "EntryRejected", 5, "invalid_type", "OTTO401", "Correct the producer")
	waitForEvent(t, s, "WorkerCannotStart", 1, "otto-agent-", noImage, "OTTO50", "Correct `OTTO_AGENT_IMAGE`")

	lost := s.Add(up("template", "long")...)
	s.Eventually("the worker to run", func() error { return running(s, lost) })
	s.Kill()
	s.Kubectl("delete", "pod", "otto-agent-1-"+lost, "-n", s.Namespace, "--force", "--grace-period=0")
	s.Start(env...)
	waitForEvent(t, s, "WorkerLost", 1, "otto-agent-1-"+lost, "Missing", "OTTO511")
	s.WaitClosed(noImage, lost)
	for _, e := range events(s) {
		if len(e.Note) > 1024 || strings.ContainsAny(e.Note, "\x1b\n") {
			t.Errorf("the note is %q", e.Note)
		}
	}
	if code := statusOf(s, rejected)["code"]; code != "OTTO401" {
		t.Errorf("the status of the rejected entry has the code %q", code)
	}
	if o := outcome(s, lost); o["code"] != "OTTO511" {
		t.Errorf("the status of the lost worker: %v", o)
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
		return fmt.Errorf("the last status is %v", last)
	}
	return nil
}

// TestEventsOfTheInstallation: faults of the installation have Events, and work continues after their repair.
func TestEventsOfTheInstallation(t *testing.T) {
	s := harness.NewStack(t, cluster)
	owner := "{" + harness.Stream + "}:owner"
	other := `{"group":"g","namespace":"elsewhere","instance":"blue","lease_uid":"u"}`
	if err := s.Redis.Set(t.Context(), owner, other, 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kubectl("delete", "rolebinding", "ottoscaler", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s")
	waitForEvent(t, s, "StreamOwned", 1, "elsewhere/blue", "OTTO203")
	if err := s.Redis.Del(t.Context(), owner).Err(); err != nil {
		t.Fatal(err)
	}
	event := s.Add(up()...)
	waitForEvent(t, s, "AccessDenied", 1, "cannot watch Pods", "forbidden", "OTTO304")
	s.Kubectl("create", "rolebinding", "ottoscaler", "--role=ottoscaler", "--serviceaccount="+s.Namespace+":ottoscaler", "-n", s.Namespace)
	s.WaitClosed(event)
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// TestEventsDenied: without permission for Events the product logs one line and works without them.
func TestEventsDenied(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Kubectl("delete", "rolebinding", "ottoscaler-events", "-n", s.Namespace)
	s.Start("OTTO_DEPLOYMENT=main", "OTTO_SUCCEEDED_TTL=1s")
	for range 3 {
		s.Add("type", "scale_sideways", "pod_count", 1)
	}
	s.Eventually("the log line", func() error {
		if strings.Count(s.Log(), "OTTO312") == 0 {
			return fmt.Errorf("no such log line")
		}
		return nil
	})
	s.Add("type", "scale_sideways", "pod_count", 1)
	s.WaitClosed(burst(s)...)
	if n, requests := strings.Count(s.Log(), "OTTO312"), eventRequests(s); n != 1 || requests["create"] != 1 || requests["patch"] > 0 {
		t.Errorf("%d lines, requests %v", n, requests)
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}
