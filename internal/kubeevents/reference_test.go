package kubeevents

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const preamble = `# Kubernetes Events

<!-- Made by "make generate" from internal/kubeevents, internal/errcode and internal/worker/reasons.go: change it there. -->

Failures that need a person are also written as Kubernetes Events, for people who use no monitoring:

    kubectl events -n ottoscaler --for deployment/ottoscaler

A healthy installation writes none. Each Event is about the Deployment that ` + "`OTTO_DEPLOYMENT`" + ` names (the chart sets it),
else about the Pod that ` + "`POD_NAME`" + ` names; without either, none is written. Its note says what happened, to which event, worker or
template, then the code and the fix. A repeated failure raises the count of the same Event, with at most one request in ten
seconds; the note stays that of the first. After half an hour without one, a new Event is written. Kubernetes keeps an Event for
an hour after its last change.

Only the leader writes them. Nothing waits for them: where they are denied or the API server is down, one log line says so
(OTTO312), and everything else continues. They are not a record: the outcomes of events are on the
[status stream](status-stream.md), and alerts are in ` + "`deploy/alerts`" + `.

` + "`kubectl describe deployment`" + ` does not show them: it selects by the Deployment's UID, which Ottoscaler has no permission to read.

| reason | code | cause | fix |
|---|---|---|---|
`

const endingsPreamble = `
All of these are warnings. The ends of some of them are written as normal Events:

| reason | ends |
|---|---|
`

// TestReference holds docs/events.md against the kinds.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString(preamble)
	for _, k := range kinds {
		for _, e := range k.entries() {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.reason, e.Code, e.Cause, e.Fix)
		}
	}
	b.WriteString(endingsPreamble)
	for _, e := range endings {
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", e.kind.reason, e.of.reason)
	}
	golden.File(t, "../../docs/events.md", b.String())
}

// entries describe every cause of a kind, by code.
func (k kind) entries() []errcode.Entry {
	var all []errcode.Entry
	for _, c := range k.codes {
		all = append(all, c.Entry())
	}
	for _, name := range k.workerReasons {
		r, _ := worker.ReasonOf(name)
		all = append(all, errcode.Entry{Code: r.Code, Message: r.Name, Cause: r.Cause, Fix: r.Fix})
	}
	slices.SortStableFunc(all, func(a, b errcode.Entry) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// TestKinds: Kubernetes accepts each kind, and each fix is complete without another page.
func TestKinds(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Z][A-Za-z]{1,127}$`), make(map[string]bool)
	all := slices.Clone(kinds)
	for _, e := range endings {
		all = append(all, e.kind)
	}
	for _, k := range all {
		if !form.MatchString(k.reason) || !form.MatchString(k.action) || seen[k.reason] || len(k.entries()) == 0 {
			t.Errorf("%+v", k)
		}
		seen[k.reason] = true
		for _, e := range k.entries() {
			if e.Code == "" || e.Fix == "" || strings.HasPrefix(e.Fix, "As ") || strings.Contains(e.Fix, "](") {
				t.Errorf("%s: %q has no code, or refers to another page: %q", k.reason, e.Message, e.Fix)
			}
			if n := len(k.notice(e.Code, e.Fix, "", "").Fix); n > 512 {
				t.Errorf("%s: the fix of %q takes %d bytes", k.reason, e.Message, n)
			}
		}
	}
}
