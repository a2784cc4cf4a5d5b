package kubeevents

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

const reference = "../../docs/events.md"

const preamble = `# Kubernetes Events

<!-- Made by "make generate" from internal/kubeevents and internal/trouble: change it there. -->

What needs a person is told where people look who look at nothing else:

    kubectl events -n ottoscaler --for deployment/ottoscaler

A healthy installation writes none. Each is a warning about the Deployment that ` + "`OTTO_DEPLOYMENT`" + ` names (the chart does), else
about the Pod that ` + "`POD_NAME`" + ` names; where neither is known, none is written. Its note says what happened, to which event, worker
or template, then the code and what to do. What happens again is the same Event with a higher count, at most one request in ten
seconds, and its note keeps the first words. Half an hour of silence later it is a new Event. Kubernetes keeps an Event for an
hour after its last change.

Only the replica that acts writes them. Nothing waits for them: where they are denied or the API server is down, one log line
says so (OTTO312), and all else goes on. They are no record: what became of an event is on the
[status stream](status-stream.md), and what to be woken up for is in the alerting rules of ` + "`deploy/alerts`" + `.

` + "`kubectl describe deployment`" + ` does not show them: it asks by the Deployment's UID, and Ottoscaler has no right to read that.

| reason | code | cause | what to do |
|---|---|---|---|
`

var update = flag.Bool("update", false, "rewrite "+reference)

// TestReference holds docs/events.md against the kinds.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString(preamble)
	for _, k := range kinds {
		for _, words := range k.troubles {
			tr, _ := trouble.Of(words)
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.reason, tr.Code, tr.Cause, tr.Mend)
		}
	}
	if *update {
		if err := os.WriteFile(reference, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("docs/events.md is not what the source says; run `make generate` (-want +got):\n%s", diff)
	}
}

// TestKinds: each has a form that Kubernetes takes, and what it says to do is whole without another page.
func TestKinds(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Z][A-Za-z]{1,127}$`), make(map[string]bool)
	for _, k := range kinds {
		if !form.MatchString(k.reason) || !form.MatchString(k.action) || seen[k.reason] || len(k.troubles) == 0 {
			t.Errorf("%+v", k)
		}
		seen[k.reason] = true
		for _, words := range k.troubles {
			tr, known := trouble.Of(words)
			if !known || strings.HasPrefix(tr.Mend, "As ") || strings.Contains(tr.Mend, "](") {
				t.Errorf("%s: %q is no trouble, or refers to another: %q", k.reason, words, tr.Mend)
			}
			if n := len(k.notice(words, "", "").Then); n > 512 {
				t.Errorf("%s: what to do about %q takes %d bytes", k.reason, words, n)
			}
		}
	}
}
