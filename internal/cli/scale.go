package cli

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// anyCount is the highest pod_count that any installation may be told to take; how many this one takes it says itself.
const anyCount = 100_000

func newScale(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "scale",
		Short: "Start workers, or take them away: XADD for people",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newScaleTo(version, worker.ScaleUp), newScaleTo(version, worker.ScaleDown))
	return c
}

// order is the event that somebody asks for.
type order struct {
	kind     worker.Type
	task     string
	key      string
	template string
	deadline time.Duration
	meta     map[string]string
	watch    bool
}

func newScaleTo(version string, kind worker.Type) *cobra.Command {
	o := &order{kind: kind}
	direction, does := "up", "Start so many workers"
	if kind == worker.ScaleDown {
		direction, does = "down", "Take so many workers away, gracefully"
	}
	c := &cobra.Command{
		Use:   direction + " COUNT",
		Short: does + "; prints the event's ID",
		Long: does + `. The event's ID is printed as soon as Redis has it. With --watch every change is shown until the event is closed.

Exit codes: 0, 1 Redis cannot be reached, 2 usage, or the event was rejected, 4 with --watch: a worker failed or was lost.`,
		Example: "  ottoscaler scale " + direction + " 3 --task task-123 --watch",
		Args:    oneArg("COUNT"),
		RunE: withTools(version, func(c *cobra.Command, t *tools, args []string) error {
			return o.send(c, t, args[0])
		}),
	}
	f := c.Flags()
	f.StringVar(&o.task, "task", "", "your name for the work")
	f.StringVar(&o.key, "key", "", "an idempotency key: sending the same again starts nothing")
	f.BoolVarP(&o.watch, "watch", "w", false, "show what becomes of it, to the end")
	if kind == worker.ScaleUp {
		f.StringVar(&o.template, "template", "", "one of the operator's templates")
		f.DurationVar(&o.deadline, "deadline", 0, "how long a worker may run, such as 10m")
		f.StringToStringVar(&o.meta, "meta", nil, "metadata for the workers, as name=value")
	}
	return c
}

func (o *order) send(c *cobra.Command, t *tools, count string) error {
	fields, err := o.fields(count)
	if err != nil {
		return usageError{err}
	}
	id, err := t.reader.Add(c.Context(), fields)
	if err != nil {
		if o.key == "" {
			err = fmt.Errorf("%w (it may have arrived: only with --key is sending again harmless)", err)
		}
		return fail(trouble.Redis, err)
	}
	fmt.Fprintln(c.OutOrStdout(), id)
	if !o.watch {
		return nil
	}
	return follow(c.Context(), t.reader, id, c.OutOrStdout())
}

// fields are those of the entry, checked as the reader of the stream will check them, as far as that is the same
// everywhere.
func (o *order) fields(count string) (map[string]string, error) {
	fields := map[string]string{"type": string(o.kind), "pod_count": count}
	for name, value := range map[string]string{"task_id": o.task, "idempotency_key": o.key, "template": o.template} {
		if value != "" {
			fields[name] = value
		}
	}
	if o.deadline%time.Second != 0 || o.deadline < 0 {
		return nil, fmt.Errorf("--deadline: got %v, takes whole seconds", o.deadline)
	}
	if o.deadline > 0 {
		fields["deadline_seconds"] = fmt.Sprint(int64(o.deadline / time.Second))
	}
	for name, value := range o.meta {
		if _, taken := fields[name]; taken {
			return nil, fmt.Errorf("--meta: %q has a flag, or an argument, of its own", name)
		}
		fields[name] = value
	}
	rules := worker.Rules{MaxPods: anyCount, Deadlines: map[string]time.Duration{o.template: 0}}
	if _, bad := worker.Decode(worker.ID{Ms: 1}, maps.Clone(fields), rules); bad != nil {
		return nil, errors.New(strings.TrimSpace(bad.Reason))
	}
	return fields, nil
}

// oneArg asks for exactly one argument.
func oneArg(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usageError{fmt.Errorf("%q takes one argument, %s: see %q", c.CommandPath(), name, c.CommandPath()+" --help")}
	}
}

func atMostOneArg(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return nil
		}
		return oneArg(name)(c, args)
	}
}
