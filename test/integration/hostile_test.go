//go:build real

package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// kibibytes is the size of an annotation or message: more than the product reads, less than the limit of a command line argument.
const kibibytes = 100

// hostileMetadata are false annotations and labels that another client puts on running Pods.
func hostileMetadata(event string) map[string][]string {
	note := func(key, value string) []string { return []string{"annotate", "ottoscaler.io/" + key + "=" + value} }
	return map[string][]string{
		"another event":     note("event-id", "7-7"),
		"an event ID of ^":  note("event-id", "\x1b[2J"),
		"another slot":      note("worker-index", "1000000"),
		"a slot below zero": note("worker-index", "-1"),
		"another attempt":   note("attempt", strings.Repeat("9", 300)),
		"an event too long": note("event", strings.Repeat("[", kibibytes<<10)),
		"an event of ours": note("event", fmt.Sprintf(
			`{"EventID":%q,"Type":"scale_up","PodCount":100000,"Metadata":{"task_id":"\u001b[2J"}}`, event)),
		"another instance":  {"label", "ottoscaler.io/instance=" + strings.Repeat("x", 63)},
		"another manager":   {"label", "managed-by=somebody"},
		"labels of nothing": {"label", "ottoscaler.io/event-id-", "ottoscaler.io/worker-index-", "ottoscaler.io/attempt-"},
	}
}

// TestHostilePods: whatever another client writes into running Pods and their status, each worker has one outcome, that of its
// Pod, no further Pod is created, and later events are handled.
func TestHostilePods(t *testing.T) {
	s := harness.NewStack(t, cluster)
	dir := templates(t, map[string]string{"lasting": "devcluster.io/duration: 1h"})
	s.Start("OTTO_WORKER_TEMPLATES="+dir, "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s")
	event := s.Add("type", "scale_up", "pod_count", len(hostileMetadata("")), "template", "lasting")
	hostile := hostileMetadata(event)
	s.Eventually("the Pods to run", func() error {
		phases := s.Kubectl("get", "pods", "-n", s.Namespace, "-o", "jsonpath={.items[*].status.phase}")
		if n := strings.Count(phases, "Running"); n != len(hostile) {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
	p, slot := testNamespace{t: t, namespace: s.Namespace}, 0
	for _, edit := range hostile {
		slot++
		pod := fmt.Sprintf("otto-agent-%d-%s", slot, event)
		p.kubectl(append([]string{edit[0], "pod", pod, "--overwrite"}, edit[1:]...)...)
		p.kubectl("patch", "pod", pod, "--subresource=status", "--type=merge", "-p", forgedStatus(t))
	}
	next := s.Add(up()...)
	s.Eventually("the next event to close", func() error {
		if st := s.Status(next); len(st) == 0 || st[len(st)-1]["kind"] != "closed" {
			return fmt.Errorf("%v", st)
		}
		return nil
	})
	for ; slot > 0; slot-- {
		p.finish(fmt.Sprintf("otto-agent-%d-%s", slot, event), slot%2)
	}
	s.WaitClosed(event)
	if last := s.Status(event)[len(s.Status(event))-1]; last["n_succeeded"] != "5" || last["n_failed"] != "5" {
		t.Errorf("half of the Pods succeed: %v", last)
	}
	if got := len(created(s.Requests())); got != len(hostile)+1 {
		t.Errorf("%d Pods were created, want %d", got, len(hostile)+1)
	}
	s.Eventually("all Pods to be deleted, also those without labels", func() error {
		if left := s.Kubectl("get", "pods", "-n", s.Namespace, "-o", "name"); left != "" {
			return fmt.Errorf("%s", left)
		}
		return nil
	})
	s.Verify(harness.WithFault(checker.Fault{Others: true}), func(in *checker.Input) { in.Templates = []string{"lasting"} })
}

// forgedStatus is a status that no kubelet writes.
func forgedStatus(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"status": map[string]any{
		"reason": strings.Repeat("한글\x1b", 1000), "message": "fake\nlevel=ERROR \x1b[31m" + strings.Repeat("x", kibibytes<<10),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
