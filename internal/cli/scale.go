package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

// maxPodCount is the highest value of OTTO_MAX_PODS_PER_EVENT. An installation with a lower one rejects the event itself.
const maxPodCount = 100_000

func newScale(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "scale",
		Short: "Start or stop workers: sends an event with XADD",
		Args:  noArgs,
		RunE:  showHelp,
	}
	c.AddCommand(newScaleType(version, event.ScaleUp), newScaleType(version, event.ScaleDown))
	return c
}

func newScaleType(version string, kind event.Type) *cobra.Command {
	r := newScaleRequest(kind)
	direction, summary := "up", "Start COUNT workers"
	if kind == event.ScaleDown {
		direction, summary = "down", "Stop COUNT workers gracefully"
	}
	c := &cobra.Command{
		Use:   direction + " COUNT",
		Short: summary + "; prints the event's ID",
		Long: summary + `. The event's ID is printed once Redis has the entry. With --watch every change is shown until the event is closed.

Exit codes: 0 sent, 1 Redis unreachable, 2 usage, or the event was rejected, 4 with --watch: a worker failed or was lost.`,
		Example: "  ottoscaler scale " + direction + " 3 --task task-123 --watch",
		Args:    oneArg("COUNT"),
		RunE: withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
			return r.send(c, d, args[0])
		}),
	}
	r.addFlags(c)
	return c
}

// scaleRequest is the event to send, with a flag for each field that has one in the table of fields.
type scaleRequest struct {
	kind      event.Type
	values    map[string]*string        // by the field's name
	durations map[string]*time.Duration // of fields in seconds
	metadata  map[string]string
	watch     bool
}

func newScaleRequest(kind event.Type) *scaleRequest {
	return &scaleRequest{kind: kind, values: make(map[string]*string), durations: make(map[string]*time.Duration)}
}

func (r *scaleRequest) addFlags(c *cobra.Command) {
	f := c.Flags()
	for _, field := range event.Fields() {
		switch flag := field.Flag; {
		case flag.Name == "", flag.UpOnly && r.kind != event.ScaleUp:
		case flag.Seconds:
			r.durations[field.Name] = f.Duration(flag.Name, 0, flag.Usage)
		default:
			r.values[field.Name] = f.String(flag.Name, "", flag.Usage)
		}
	}
	f.BoolVarP(&r.watch, "watch", "w", false, "follow the event until it is closed")
	if r.kind == event.ScaleUp {
		f.StringToStringVar(&r.metadata, "meta", nil, "metadata for the workers, as name=value")
	}
}

func (r *scaleRequest) send(c *cobra.Command, d *deps, count string) error {
	fields, err := r.fields(count)
	if err != nil {
		return usageError{err}
	}
	id, err := d.reader.Add(c.Context(), fields)
	if err != nil {
		if fields[event.FieldIdempotencyKey] == "" {
			err = fmt.Errorf("%w (the entry may be in the stream: only with --key is it safe to send it again)", err)
		}
		return errcode.Wrap(errcode.Redis, err)
	}
	fmt.Fprintln(c.OutOrStdout(), id)
	if !r.watch {
		return nil
	}
	return follow(c.Context(), d.reader, id, c.OutOrStdout())
}

// setsOtherwise reports whether a field is set by a flag or an argument, whether or not that was given.
func (r *scaleRequest) setsOtherwise(name string) bool {
	return name == event.FieldType || name == event.FieldPodCount || r.values[name] != nil || r.durations[name] != nil
}

// fields are those of the entry, validated.
func (r *scaleRequest) fields(count string) (map[string]string, error) {
	fields := map[string]string{event.FieldType: string(r.kind), event.FieldPodCount: count}
	for _, f := range event.Fields() {
		if value := r.values[f.Name]; value != nil && *value != "" {
			fields[f.Name] = *value
		}
		d := r.durations[f.Name]
		if d == nil || *d == 0 {
			continue
		}
		if *d%time.Second != 0 || *d < 0 {
			return nil, fmt.Errorf("--%s: got %v, takes whole seconds", f.Flag.Name, *d)
		}
		fields[f.Name] = fmt.Sprint(int64(*d / time.Second))
	}
	for name, value := range r.metadata {
		if r.setsOtherwise(name) {
			return nil, fmt.Errorf("--meta: %q has its own flag or argument", name)
		}
		fields[name] = value
	}
	if err := validateEntry(fields); err != nil {
		return nil, err
	}
	return fields, nil
}
