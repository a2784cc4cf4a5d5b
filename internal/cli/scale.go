package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
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
	c.AddCommand(newScaleTo(version, event.ScaleUp), newScaleTo(version, event.ScaleDown))
	return c
}

// order is the event that somebody asks for: a flag for each field that has one in the table of fields.
type order struct {
	kind  event.Type
	texts map[string]*string        // by the field's name
	spans map[string]*time.Duration // of fields in seconds
	meta  map[string]string
	watch bool
}

func newOrder(kind event.Type) *order {
	return &order{kind: kind, texts: make(map[string]*string), spans: make(map[string]*time.Duration)}
}

func newScaleTo(version string, kind event.Type) *cobra.Command {
	o := newOrder(kind)
	direction, does := "up", "Start so many workers"
	if kind == event.ScaleDown {
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
	o.flags(c)
	return c
}

func (o *order) flags(c *cobra.Command) {
	f := c.Flags()
	for _, field := range event.Fields() {
		switch flag := field.Flag; {
		case flag.Name == "", flag.UpOnly && o.kind != event.ScaleUp:
		case flag.Seconds:
			o.spans[field.Name] = f.Duration(flag.Name, 0, flag.Usage)
		default:
			o.texts[field.Name] = f.String(flag.Name, "", flag.Usage)
		}
	}
	f.BoolVarP(&o.watch, "watch", "w", false, "show what becomes of it, to the end")
	if o.kind == event.ScaleUp {
		f.StringToStringVar(&o.meta, "meta", nil, "metadata for the workers, as name=value")
	}
}

func (o *order) send(c *cobra.Command, t *tools, count string) error {
	fields, err := o.fields(count)
	if err != nil {
		return usageError{err}
	}
	id, err := t.reader.Add(c.Context(), fields)
	if err != nil {
		if fields[event.FieldIdempotencyKey] == "" {
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
	fields := map[string]string{event.FieldType: string(o.kind), event.FieldPodCount: count}
	for _, f := range event.Fields() {
		if value := o.texts[f.Name]; value != nil && *value != "" {
			fields[f.Name] = *value
		}
		d := o.spans[f.Name]
		if d == nil || *d == 0 {
			continue
		}
		if *d%time.Second != 0 || *d < 0 {
			return nil, fmt.Errorf("--%s: got %v, takes whole seconds", f.Flag.Name, *d)
		}
		fields[f.Name] = fmt.Sprint(int64(*d / time.Second))
	}
	for name, value := range o.meta {
		if _, taken := fields[name]; taken {
			return nil, fmt.Errorf("--meta: %q has a flag, or an argument, of its own", name)
		}
		fields[name] = value
	}
	if _, bad := event.Recall(event.ID{Ms: 1}, fields, anyCount); bad != nil {
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
