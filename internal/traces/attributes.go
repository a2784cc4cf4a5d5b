package traces

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// schemaURL is the version of the semantic conventions that the names are of. Those that begin with `ottoscaler.` are our own.
const schemaURL = "https://opentelemetry.io/schemas/1.43.0"

// Results of CI/CD's conventions.
const (
	resultSuccess      = "success"
	resultFailure      = "failure"
	resultError        = "error"
	resultTimeout      = "timeout"
	resultCancellation = "cancellation"
	resultSkip         = "skip"
)

// eventAttributes are those of the event's own span.
func (m *maker) eventAttributes() attributes {
	var a attributes
	a.text("messaging.system", "redis")
	a.text("messaging.operation.name", "process")
	a.text("messaging.operation.type", "process")
	a.text("messaging.destination.name", m.b.naming.Stream)
	a.text("messaging.consumer.group.name", m.b.group)
	a.text("messaging.message.id", m.e.event.String())
	a.text("cicd.pipeline.result", m.eventResult())
	m.common(&a)
	a.text("ottoscaler.event.type", m.o.Type)
	if m.o.PodCount > 0 {
		a.number("ottoscaler.event.workers", int64(m.o.PodCount))
	}
	for _, outcome := range []string{"succeeded", "failed", "cancelled", "lost"} {
		if n, ok := m.e.number("n_" + outcome); ok {
			a.number("ottoscaler.event."+outcome, n)
		}
	}
	a.text("ottoscaler.event.duplicate_of", m.e.fields["duplicate_of"])
	return a
}

// common are those of every span.
func (m *maker) common(a *attributes) {
	a.text("cicd.pipeline.run.id", m.e.event.String())
	a.text("ottoscaler.event.id", m.e.event.String())
	a.text("ottoscaler.task.id", m.e.fields["task_id"])
	a.text("ottoscaler.queue", m.e.fields["queue"])
	a.text("ottoscaler.template", m.o.Template)
	a.text("ottoscaler.code", m.e.fields["code"])
}

// isUp reports whether the outcomes are of the event's own workers. Those that a scale_down or cancel took ended as it asked for.
func (m *maker) isUp() bool { return cmp.Or(m.o.Type, string(event.ScaleUp)) == string(event.ScaleUp) }

// eventProblem is what went wrong, as a word; empty: nothing did.
func (m *maker) eventProblem() string {
	if m.e.fields["kind"] == "rejected" {
		return cmp.Or(m.e.fields["reason"], "rejected")
	}
	if m.e.fields["kind"] != "closed" || !m.isUp() {
		return ""
	}
	for _, outcome := range []string{"lost", "failed"} {
		if n, _ := m.e.number("n_" + outcome); n > 0 {
			return outcome
		}
	}
	return ""
}

func (m *maker) eventMessage() string {
	if m.e.fields["kind"] == "rejected" {
		return "rejected, " + cleanValue(m.e.fields["reason"])
	}
	failed, _ := m.e.number("n_failed")
	lost, _ := m.e.number("n_lost")
	return fmt.Sprintf("workers failed: %d, lost: %d", failed, lost)
}

func (m *maker) eventResult() string {
	cancelled, _ := m.e.number("n_cancelled")
	switch problem := m.eventProblem(); {
	case m.e.fields["kind"] == "duplicate":
		return resultSkip
	case problem == "failed":
		return resultFailure
	case problem != "":
		return resultError
	case m.isUp() && cancelled > 0:
		return resultCancellation
	}
	return resultSuccess
}

// workerAttributes are those of every span of a worker.
func (a *attemptMaker) workerAttributes() attributes {
	var all attributes
	a.common(&all)
	all.text("ottoscaler.worker.name", a.e.fields["worker"])
	all.number("ottoscaler.worker.index", int64(a.slot))
	all.number("ottoscaler.worker.attempt", int64(a.attempt))
	all.text("ottoscaler.worker.state", a.e.fields["state"])
	all.text("ottoscaler.worker.reason", a.e.fields["reason"])
	all.text("ottoscaler.worker.by_event", a.e.fields["by_event"])
	return all
}

// podAttributes are those of an attempt: where it ran, and how it ended.
func (a *attemptMaker) podAttributes() attributes {
	var all attributes
	all.text("cicd.pipeline.task.name", cmp.Or(a.o.Template, "built-in"))
	all.text("cicd.pipeline.task.run.id", cmp.Or(a.e.fields["pod"], a.e.fields["worker"]))
	all.text("cicd.pipeline.task.run.result", a.result())
	all.text("k8s.namespace.name", a.e.fields["namespace"])
	all.text("k8s.pod.name", a.e.fields["pod"])
	all.text("k8s.node.name", a.e.fields["node"])
	all.text("k8s.container.name", a.e.fields["container"])
	if code, ok := a.e.number("exit_code"); ok {
		all.number("process.exit.code", code)
	}
	return all
}

// result tells a program that failed from all that kept it from ending by itself.
func (a *attemptMaker) result() string {
	reason := a.e.fields["reason"]
	switch a.e.fields["state"] {
	case "succeeded":
		return resultSuccess
	case "cancelled":
		return resultCancellation
	case "failed":
		if strings.HasPrefix(reason, "Deadline") || strings.HasSuffix(reason, "Exceeded") || strings.HasSuffix(reason, "Timeout") {
			return resultTimeout
		}
		if _, ran := a.e.number("exit_code"); ran {
			return resultFailure
		}
	}
	return resultError
}
