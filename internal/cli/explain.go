package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func newExplain(version string) *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:   "explain EVENT|TASK",
		Short: "Explain the state of an event: its history, what it waits for, and why",
		Long: `Explain the state of an event: its history since its XADD, what it waits for now, and why. Of a task the newest event is
explained. For workers without a Pod it names the first limit that binds: a pause, a cap, max_parallel, a refusal, a quota,
capacity, or the events that come first. It reads Redis and, where reachable, Kubernetes: the event's Pods, the leader and its
OTTO_MAX_WORKERS, and, with a dry run, whether the API server would accept another Pod. For that the template and the namespaces
must be those of "run". Without Redis only the Pods of an EVENT are shown, with exit code 1.`,
		Example: "  ottoscaler explain task-123\n  ottoscaler explain 1756659802903-0 -o json",
		Args:    oneArg("EVENT or TASK"),
		RunE: withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
			f, err := d.loadFacts(c.Context(), args[0])
			if err != nil {
				return err
			}
			return errors.Join(explain(f).print(c.OutOrStdout(), out), errcode.Wrap(errcode.Redis, f.redisErr))
		}),
	}
	out.addFlag(c)
	return c
}

// explanation is what the facts about an event mean.
type explanation struct {
	Event   string         `json:"event_id"`
	Summary string         `json:"about,omitempty"`
	History []historyEntry `json:"history"`
	Now     []diagnosis    `json:"now"`
	Others  []string       `json:"other_events,omitempty"`
}

// explain is pure: it reads the facts only.
func explain(f facts) explanation {
	e := explanation{Event: f.id.String(), History: history(f), Now: diagnose(f)}
	for _, id := range f.otherEvents {
		e.Others = append(e.Others, id.String())
	}
	if f.record != nil {
		e.Summary = summarize(f.record)
	}
	return e
}

func summarize(rec *worker.Record) string {
	e := &rec.Event
	if e.Type == event.Cancel {
		return ": cancel of " + cancelTarget(e)
	}
	var s strings.Builder
	fmt.Fprintf(&s, ": %s, pod_count %d", e.Type, e.PodCount)
	for _, field := range []struct{ name, value string }{
		{"task_id", e.TaskID()}, {"template", e.Template}, {"queue", e.Queue}, {"priority", e.Priority},
	} {
		if field.value != "" && field.value != event.DefaultQueue {
			fmt.Fprintf(&s, ", %s %q", field.name, field.value)
		}
	}
	if e.MaxParallel > 0 {
		fmt.Fprintf(&s, ", max_parallel %d", e.MaxParallel)
	}
	return s.String()
}

func (e explanation) print(w io.Writer, out output) error {
	if !out.isTable() {
		return out.print(w, e, nil, nil)
	}
	fmt.Fprintf(w, "Event %s%s\n\n", e.Event, e.Summary)
	rows := make([][]string, 0, len(e.History))
	for _, h := range e.History {
		rows = append(rows, []string{h.At, h.After, h.What})
	}
	if err := printTable(w, []string{"AT", "AFTER", "WHAT"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, n := range e.Now {
		n.print(w)
	}
	if len(e.Others) > 0 {
		fmt.Fprintf(w, "\nOther events of this task: %v\n", e.Others)
	}
	return nil
}

func (d diagnosis) print(w io.Writer) {
	fmt.Fprintln(w, text.Printable(d.What))
	if d.Code != "" {
		fmt.Fprintf(w, "  code: %s\n", d.Code)
	}
	if d.Fix != "" {
		fmt.Fprintf(w, "  fix: %s\n", text.Printable(d.Fix))
	}
}
