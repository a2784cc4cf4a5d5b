package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxOthers is how many further events of a task are named.
const maxOthers = 10

func newExplain(version string) *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:   "explain EVENT|TASK",
		Short: "Say what became of an event, what it waits for now, and why",
		Long: `Say what became of an event, from its XADD to its end, what it waits for now, and why. Of a task its newest event is
explained. Redis is asked, and Kubernetes where it can be reached: for the event's Pods, for who leads and how many workers
that one lets live, and, with a dry run, whether the API server would take another Pod. For that the template and the
namespaces must be those that "run" has. Without Redis only the Pods of an EVENT can be shown; that is exit code 1.`,
		Example: "  ottoscaler explain task-123\n  ottoscaler explain 1756659802903-0 -o json",
		Args:    oneArg("EVENT or TASK"),
		RunE: withTools(version, func(c *cobra.Command, t *tools, args []string) error {
			f, err := t.look(c.Context(), args[0])
			if err != nil {
				return err
			}
			return errors.Join(show(c.OutOrStdout(), out, explain(f)), fail(trouble.Redis, f.redis))
		}),
	}
	out.flag(c)
	return c
}

func show(w io.Writer, out output, e explanation) error {
	if out == "table" {
		return e.write(w)
	}
	return out.print(w, e, nil, nil)
}

// facts are all that is known of one event.
type facts struct {
	redis  error // why Redis could not be asked: but for the Pods nothing is known then
	id     event.ID
	others []event.ID // of the same task, newest first

	entry  *redis.Entry   // nil: not in the stream any more
	record *worker.Record // nil: none
	story  []redis.Said
	letter *redis.Letter
	broken error // why the record cannot be read

	living, room int    // workers of all events that have a Pod, and how many may
	roomBy       string // whose OTTO_MAX_WORKERS that is
	leaderless   bool   // nobody holds the Lease

	cluster error       // why Kubernetes was not asked
	pods    []k8s.Shown // of the event
	tried   error       // what the API server says to another Pod
}

// look finds the facts.
func (t *tools) look(ctx context.Context, what string) (facts, error) {
	f := facts{room: t.cfg.Workers.MaxWorkers, roomBy: "this shell's"}
	open, err := t.reader.Open(ctx)
	if err != nil {
		return t.withoutRedis(ctx, what, err)
	}
	for i := range open {
		v := view(&open[i], open[i].Event.EventID.Time())
		f.living += v.Running
	}
	if f.id, f.others, err = t.named(ctx, open, what); err != nil {
		return f, err
	}
	if err := t.remembered(ctx, &f); err != nil {
		return f, fail(trouble.Redis, err)
	}
	switch {
	case f.record != nil && f.record.Event.Type == event.ScaleUp:
		t.seen(ctx, &f)
	case f.entry != nil && !f.entry.Delivered:
		if cluster, err := t.cluster(); err == nil {
			t.led(ctx, cluster, &f)
		}
	}
	return f, nil
}

// withoutRedis finds what Kubernetes alone tells. A task's events are known to Redis only.
func (t *tools) withoutRedis(ctx context.Context, what string, failed error) (f facts, err error) {
	f.redis = failed
	if f.id, err = event.ParseID(what); err != nil {
		return f, fail(trouble.Redis, failed)
	}
	t.seen(ctx, &f)
	return f, nil
}

// named finds the event that is meant, and the others of its task.
func (t *tools) named(ctx context.Context, open []worker.Record, what string) (event.ID, []event.ID, error) {
	if id, err := event.ParseID(what); err == nil {
		return id, nil, nil
	}
	ids, err := t.reader.OfTask(ctx, what, maxOthers)
	if err != nil {
		return event.ID{}, nil, fail(trouble.Redis, err)
	}
	for i := range open {
		if e := &open[i].Event; e.TaskID() == what && !slices.Contains(ids, e.EventID) {
			ids = append(ids, e.EventID)
		}
	}
	slices.SortFunc(ids, func(a, b event.ID) int { return b.Compare(a) })
	if len(ids) == 0 {
		return event.ID{}, nil, usageError{fmt.Errorf(
			"%q is no entry ID, and neither the records nor the status stream know a task of that name", what)}
	}
	return ids[0], ids[1:], nil
}

// remembered asks Redis.
func (t *tools) remembered(ctx context.Context, f *facts) (err error) {
	if f.entry, err = t.reader.Entry(ctx, f.id); err != nil {
		return err
	}
	if f.record, err = t.reader.Find(ctx, f.id); errors.Is(err, worker.ErrUnreadable) {
		f.broken = err
	} else if err != nil {
		return err
	}
	if f.story, _, err = t.reader.Story(ctx, f.id); err != nil {
		return err
	}
	if f.record == nil {
		f.letter, err = t.reader.LetterOf(ctx, f.id)
	}
	return err
}

// seen asks Kubernetes.
func (t *tools) seen(ctx context.Context, f *facts) {
	cluster, err := t.cluster()
	if err != nil {
		f.cluster = err
		return
	}
	f.pods, f.cluster = cluster.OfEvent(ctx, f.id)
	if f.cluster == nil && f.record != nil && !f.record.Closed {
		f.tried = cluster.Try(ctx, f.record.Event.Template)
		t.led(ctx, cluster, f)
	}
}

// led asks the Lease who leads and how many workers that one lets live: this shell may have another setting.
func (t *tools) led(ctx context.Context, cluster *k8s.Client, f *facts) {
	if !t.cfg.Process.LeaderElect {
		return
	}
	name := k8s.LeaseName(t.cfg.Workers.Instance, t.cfg.Redis.Stream)
	l, err := cluster.Leader(ctx, home(t.cfg.Process, cluster.Namespace), name)
	if err != nil {
		f.roomBy = fmt.Sprintf("this shell's, since the leader's is not known: %v", err)
		return
	}
	f.leaderless = l.Holder == ""
	if l.MaxWorkers > 0 {
		f.room, f.roomBy = l.MaxWorkers, "the leader's"
	}
}

// write prints it for people.
func (e explanation) write(w io.Writer) error {
	fmt.Fprintf(w, "Event %s%s\n\n", e.Event, e.About)
	rows := make([][]string, 0, len(e.Story))
	for _, s := range e.Story {
		rows = append(rows, []string{s.At, s.After, s.What})
	}
	if err := table(w, []string{"AT", "AFTER", "WHAT"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, n := range e.Now {
		fmt.Fprintln(w, clean(n.What))
		if n.Code != "" {
			fmt.Fprintf(w, "  code: %s\n", n.Code)
		}
		if n.Mend != "" {
			fmt.Fprintf(w, "  mend: %s\n", clean(n.Mend))
		}
	}
	if len(e.Others) > 0 {
		fmt.Fprintf(w, "\nOther events of this task: %v\n", e.Others)
	}
	return nil
}
