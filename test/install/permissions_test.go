//go:build real

package install

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// TestPermissions holds what the Main Pod asked the API server for, by the audit log, against what the chart grants: the same,
// and nothing denied. It speaks TLS with Redis, which asks for its certificate.
func TestPermissions(t *testing.T) {
	files, port := newPKI(t), redistest.FreePort(t)
	s := prepared(t, "--tls-port", port, "--tls-cert-file", files.file("server.crt"), "--tls-key-file", files.file("server.key"),
		"--tls-ca-cert-file", files.file("ca.crt"), "--tls-auth-clients", "yes")
	s.Kubectl("create", "secret", "generic", "redis-tls", "-n", s.MainNamespace(), "--from-file=ca.crt="+files.file("ca.crt"),
		"--from-file=tls.crt="+files.file("client.crt"), "--from-file=tls.key="+files.file("client.key"))
	helm(t, s, "install", "--set", "redis.port="+port, "--set", "redis.tls.enabled=true", "--set", "redis.tls.existingSecret=redis-tls",
		"--set", "redis.tls.certKey=tls.crt", "--set", "redis.tls.keyKey=tls.key", "--set", "env.OTTO_START_TIMEOUT=30s")
	for range 2 { // one Event, which is then counted
		send(t, s, "type", "scale_sideways", "pod_count", 2)
	}
	hung := send(t, s, "type", "scale_up", "pod_count", 1, "task_id", "hung", "template", "hung")
	event := send(t, s, "type", "scale_up", "pod_count", 2, "task_id", "rights", "template", "long")
	s.Eventually("two to run", atLeast(s, event, "running", 2))
	// Another client deletes one, so that the product has to GET it.
	s.Kubectl("delete", "pod", "otto-agent-1-"+event, "-n", s.Namespace, "--force", "--grace-period=0")
	s.Eventually("one to be cancelled", atLeast(s, event, "cancelled", 1))
	down := send(t, s, "type", "scale_down", "pod_count", 1, "task_id", "rights")
	s.WaitClosed(event, down, hung)

	s.Eventually("the Event to count two", func() error { return countedTwice(s) })
	used, denied := requested(s)
	granted := grants(t, s)
	if diff := cmp.Diff(granted, used); diff != "" {
		t.Errorf("permissions (-granted +used):\n%s", diff)
	}
	if len(denied) > 0 {
		t.Errorf("answered 403: %v", denied)
	}
	s.Verify(func(in *checker.Input) {
		in.Templates, in.Fault = []string{"long", "hung"}, checker.Fault{Others: true}
	})
	checkPolicy(t, s) // last: the oracle would take its requests for the product's
}

// countedTwice: the rejected entries are one Event about the Deployment.
func countedTwice(s *harness.Stack) error {
	got := s.Kubectl("get", "events.events.k8s.io", "-n", s.MainNamespace(), "-o",
		"jsonpath={range .items[?(@.reportingController=='ottoscaler')]}{.regarding.kind}/{.regarding.name} {.reason} {.series.count}\n{end}")
	if want := "Deployment/ottoscaler EntryRejected 2\n"; !strings.Contains(got, want) {
		return fmt.Errorf("the Events are %q, want %q", got, want)
	}
	return nil
}

// requested are the Main Pod's requests, as "verb resource", and those answered 403.
func requested(s *harness.Stack) (used, denied []string) {
	for _, r := range s.AllRequests() {
		if r.Code == 403 {
			denied = append(denied, r.Verb+" "+r.URI)
		}
		// Self reviews and the version need no permission.
		if r.Resource != "" && !strings.HasPrefix(r.Resource, "selfsubject") {
			used = append(used, r.Verb+" "+r.Resource)
		}
	}
	slices.Sort(used)
	return slices.Compact(used), denied
}

// grants are the permissions in the Roles bound to the Main Pod's account.
func grants(t *testing.T, s *harness.Stack) []string {
	t.Helper()
	var all []string
	for _, namespace := range []string{s.MainNamespace(), s.Namespace} {
		var roles struct {
			Items []struct {
				Rules []struct{ Verbs, Resources []string }
			}
		}
		if err := json.Unmarshal([]byte(s.Kubectl("get", "roles", "-n", namespace, "-o", "json")), &roles); err != nil {
			t.Fatal(err)
		}
		for _, role := range roles.Items {
			for _, rule := range role.Rules {
				for _, verb := range rule.Verbs {
					all = append(all, verb+" "+strings.Join(rule.Resources, ","))
				}
			}
		}
	}
	slices.Sort(all)
	return all
}
