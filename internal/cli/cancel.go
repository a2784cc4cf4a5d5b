package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func newCancel(version string) *cobra.Command {
	r := &cancelRequest{}
	c := &cobra.Command{
		Use:   "cancel EVENT | --task TASK",
		Short: "Cancel every worker of an event, or of a task; prints the cancel's own ID",
		Long: `Cancel every worker without an outcome of an event, or of the events of a task in one queue, with an XADD. Workers without a Pod
are cancelled at once; Pods, protected ones too, are stopped gracefully. Workers that have their outcome and events sent later are
not touched. What it is about to do is written to stderr first. It is read in the order of the stream: where the intake is
paused, it waits as events do.

The cancel is followed until it is closed, and the number of workers that it cancelled is printed; --watch=false does not wait.

Exit codes: 0 cancelled or nothing to cancel, 1 Redis unreachable, 2 usage, or unknown event, 4 a worker failed or was lost.`,
		Example: "  ottoscaler cancel 1756659802903-0\n  ottoscaler cancel --task task-123 --queue web --watch=false",
		Args:    atMostOneArg("EVENT"),
		RunE: withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
			return r.run(c.Context(), d.reader, args, c.OutOrStdout(), c.ErrOrStderr())
		}),
	}
	c.Flags().StringVar(&r.task, "task", "", "cancel the events of this task_id")
	c.Flags().StringVar(&r.queue, "queue", "", "the queue of the task (default "+event.DefaultQueue+")")
	c.Flags().BoolVarP(&r.watch, "watch", "w", true, "follow it until it is closed")
	return c
}

// canceller is what a cancel needs of Redis.
type canceller interface {
	statusSource
	eventSource
	Add(ctx context.Context, fields map[string]string) (event.ID, error)
}

// eventSource reads records and entries.
type eventSource interface {
	Find(ctx context.Context, id event.ID) (*worker.Record, error)
	Open(ctx context.Context) ([]worker.Record, error)
	Entry(ctx context.Context, id event.ID) (*inspect.Entry, error)
}

var _ canceller = (*inspect.Reader)(nil)

// cancelRequest is the cancel to send.
type cancelRequest struct {
	task  string
	queue string
	watch bool
}

func (r *cancelRequest) run(ctx context.Context, redis canceller, args []string, out, notes io.Writer) error {
	fields, target, err := r.fields(args)
	if err != nil {
		return usageError{err}
	}
	plan, err := r.plan(ctx, redis, target)
	if err != nil {
		return err
	}
	fmt.Fprintln(notes, plan.describe())
	if plan.closed {
		return nil
	}
	id, err := redis.Add(ctx, fields)
	if err != nil {
		return errcode.Wrap(errcode.Redis, fmt.Errorf("%w (it may be in the stream; sending it again is safe)", err))
	}
	fmt.Fprintln(out, id)
	if !r.watch {
		return nil
	}
	last, err := watch(ctx, redis, id, out)
	if err != nil {
		return err
	}
	if last.Kind() == "closed" {
		fmt.Fprintln(notes, describeCancelled(last.Fields))
	}
	return exitStatus(last)
}

// fields are those of the entry, validated; target is the event, zero for a task.
func (r *cancelRequest) fields(args []string) (fields map[string]string, target event.ID, err error) {
	fields = map[string]string{event.FieldType: string(event.Cancel)}
	switch {
	case (len(args) == 1) == (r.task != ""):
		return nil, target, errors.New("takes either an EVENT or --task TASK: see \"ottoscaler cancel --help\"")
	case len(args) == 1 && r.queue != "":
		return nil, target, errors.New("--queue goes with --task: an event is found in any queue")
	case len(args) == 1:
		if target, err = event.ParseID(args[0]); err != nil {
			return nil, target, fmt.Errorf("EVENT: %w (a task is given with --task)", err)
		}
		fields[event.FieldEventID] = target.String()
	default:
		fields[event.FieldTaskID] = r.task
		if r.queue != "" {
			fields[event.FieldQueue] = r.queue
		}
	}
	return fields, target, validateEntry(fields)
}

// cancelPlan is what a cancel would take if it was read now.
type cancelPlan struct {
	what    string
	events  int  // open ones that it concerns
	waiting int  // their workers without a Pod
	running int  // or pending
	unread  bool // the event has no record yet
	closed  bool
}

func (r *cancelRequest) plan(ctx context.Context, redis eventSource, target event.ID) (cancelPlan, error) {
	if !target.IsZero() {
		return planEvent(ctx, redis, target)
	}
	queue := cmp.Or(r.queue, event.DefaultQueue)
	p := cancelPlan{what: fmt.Sprintf("task %q in queue %s", r.task, queue)}
	open, err := redis.Open(ctx)
	for i := range open {
		if e := &open[i].Event; e.TaskID() == r.task && queueOf(e) == queue {
			p.add(&open[i])
		}
	}
	return p, errcode.Wrap(errcode.Redis, err)
}

func planEvent(ctx context.Context, redis eventSource, target event.ID) (cancelPlan, error) {
	p := cancelPlan{what: "event " + target.String()}
	rec, err := redis.Find(ctx, target)
	if err != nil {
		return p, errcode.Wrap(errcode.Redis, err)
	}
	if rec == nil {
		entry, err := redis.Entry(ctx, target)
		if err == nil && entry == nil {
			return p, usageError{fmt.Errorf("event %[1]s has neither a record nor an entry in the stream, see: ottoscaler explain %[1]s", target)}
		}
		p.unread = true
		return p, errcode.Wrap(errcode.Redis, err)
	}
	if rec.Event.Type != event.ScaleUp {
		return p, usageError{fmt.Errorf("event %s is a %s: only a scale_up has workers to cancel", target, rec.Event.Type)}
	}
	if p.closed = rec.Closed; !p.closed {
		p.add(rec)
	}
	return p, nil
}

func (p *cancelPlan) add(rec *worker.Record) {
	if rec.Event.Type != event.ScaleUp {
		return
	}
	v := viewEvent(rec, rec.Event.EventID.Time())
	p.events++
	p.waiting += v.Waiting
	p.running += v.Running
}

func (p *cancelPlan) describe() string {
	switch {
	case p.closed:
		return fmt.Sprintf("Nothing to cancel: %s is closed.", p.what)
	case p.unread:
		return fmt.Sprintf("Cancelling %s, which is not accepted yet: none of its workers will start.", p.what)
	case p.events == 0:
		return fmt.Sprintf("Cancelling %s: no event of it is open; one that is in the stream and not accepted yet is cancelled too.", p.what)
	}
	return fmt.Sprintf("Cancelling %s (open events: %d): workers without a Pod, cancelled at once: %d; with a Pod, stopped gracefully: %d.",
		p.what, p.events, p.waiting, p.running)
}

// describeCancelled says what the counts of a closed cancel mean.
func describeCancelled(counts map[string]string) string {
	return text.Printable(fmt.Sprintf("Cancelled workers: %s. Ended by themselves: %s succeeded, %s failed; lost: %s.",
		counts["n_cancelled"], counts["n_succeeded"], counts["n_failed"], counts["n_lost"]))
}

// queueOf is the queue of an event; records of earlier versions name none.
func queueOf(e *event.Event) string { return cmp.Or(e.Queue, event.DefaultQueue) }
