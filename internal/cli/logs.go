package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/podlogs"
)

func newLogs(version string) *cobra.Command {
	o := &logsOptions{tail: -1}
	c := &cobra.Command{
		Use:   "logs EVENT|TASK|WORKER",
		Short: "Print what workers print, of all their containers, in the order of time",
		Long: `Print what the workers of an event, of the newest event of a task, or one worker printed, of all their containers and attempts, in
the order of time. With --follow it goes on until every worker has its outcome and every line was printed. It reads Kubernetes; what
the node no longer has is named, and of workers whose Pods are gone it shows what the status stream kept.

On a terminal control characters are shown as \x1b; --raw, and a pipe or a file, get the bytes as they are.

Exit codes: 0 done, 1 Redis or Kubernetes unreachable or a permission is missing, 2 usage, or no such event, 4 with --follow: a
worker failed or was lost.`,
		Example: "  ottoscaler logs task-123 --follow\n  ottoscaler logs otto-agent-1-1756659802903-0 --tail 20 --timestamps",
		Args:    oneArg("EVENT, TASK or WORKER"),
	}
	run := withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
		return (&logsCommand{deps: d, logsOptions: o, notes: c.ErrOrStderr()}).run(c, args[0])
	})
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.parse(time.Now()); err != nil {
			return usageError{err}
		}
		return run(c, args)
	}
	o.addFlags(c)
	return c
}

// logsOptions are the flags.
type logsOptions struct {
	follow, timestamps, raw, noColor bool

	since      string
	tail       int
	containers []string
	output     string

	from podlogs.From
}

func (o *logsOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on until every worker has its outcome and every line was printed")
	f.StringVar(&o.since, "since", "", "only lines since then: 5m, or 2026-11-28T10:00:00Z")
	f.IntVar(&o.tail, "tail", -1, "only so many of the lines that each container has printed; -1: all")
	f.BoolVar(&o.timestamps, "timestamps", false, "the time of each line, from its node")
	f.StringSliceVarP(&o.containers, "container", "c", nil, "only these containers")
	f.StringVarP(&o.output, "output", "o", "text", "text or ndjson")
	f.BoolVar(&o.raw, "raw", false, "any bytes as they are, on a terminal too: a program can then control it")
	f.BoolVar(&o.noColor, "no-color", false, "no colours on a terminal; so does the variable NO_COLOR")
	formats := []string{"text", "ndjson"}
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

func (o *logsOptions) parse(now time.Time) error {
	if o.output != "text" && o.output != "ndjson" {
		return fmt.Errorf("--output: got %q, takes text or ndjson", o.output)
	}
	if o.tail < -1 {
		return fmt.Errorf("--tail: got %d, takes a number of lines, or -1 for all", o.tail)
	}
	if o.tail >= 0 {
		o.from.Tail = &o.tail
	}
	if o.since == "" {
		return nil
	}
	if d, err := time.ParseDuration(o.since); err == nil && d > 0 {
		o.from.Since = now.Add(-d)
		return nil
	}
	at, err := time.Parse(time.RFC3339, o.since)
	if err != nil {
		return fmt.Errorf("--since: got %q, takes a duration such as 5m, or a time such as 2026-11-28T10:00:00Z", o.since)
	}
	o.from.Since = at
	return nil
}

// logsCommand is one run of the command.
type logsCommand struct {
	*deps
	*logsOptions

	notes     interface{ Write(p []byte) (int, error) } // what is said about the logs
	client    *podlogs.Client
	namespace string
	names     event.Names
	printer   *linePrinter

	facts   facts
	slot    int // of the worker; 0: all
	attempt int // of it; 0: all
}

func (l *logsCommand) run(c *cobra.Command, arg string) error {
	l.names = app.Names(l.cfg)
	if err := l.resolve(c.Context(), arg); err != nil {
		return err
	}
	access, namespace, err := app.ClusterAccess(l.cfg.Workers)
	if err != nil {
		return err
	}
	l.namespace = namespace
	if l.client, err = podlogs.New(access, podlogs.Options{Version: l.version, Buffer: 32 << 20}); err != nil {
		return errcode.Wrap(errcode.ClusterAccess, err)
	}
	defer l.client.Close()
	_, noColor := config.Environ()["NO_COLOR"]
	l.printer = newLinePrinter(c.OutOrStdout(), l.logsOptions, l.names, noColor)
	if l.follow {
		return l.followAll(c.Context())
	}
	return l.printAll(c.Context())
}

// resolve finds the event, the worker and what Redis has about them.
func (l *logsCommand) resolve(ctx context.Context, arg string) error {
	f := &l.facts
	id, slot, attempt, isPod := l.names.Parse(arg)
	eventOrTask := arg
	if isPod {
		l.slot, eventOrTask = slot, id.String()
		if attempt > 1 {
			l.attempt = attempt
		}
	}
	open, err := l.reader.Open(ctx)
	if err == nil {
		if f.id, f.otherEvents, err = l.resolveTask(ctx, open, eventOrTask); err != nil {
			return err
		}
		err = l.loadRecord(ctx, f)
	}
	if err == nil {
		if len(f.otherEvents) > 0 {
			fmt.Fprintf(l.notes, "ottoscaler: event %s, the newest of the task; others: %v\n", f.id, f.otherEvents)
		}
		return nil
	}
	var known error
	if f.id, known = event.ParseID(eventOrTask); known != nil || l.follow { // only Redis knows tasks, and when workers have ended
		return errcode.Wrap(errcode.Redis, err)
	}
	f.redisErr = errcode.Wrap(errcode.Redis, err)
	return nil
}

// known reports whether Redis has anything about the event.
func (l *logsCommand) known() bool {
	f := &l.facts
	return f.record != nil || f.recordErr != nil || len(f.history) > 0 || f.entry != nil
}

// list returns the Pods that are asked for.
func (l *logsCommand) list(ctx context.Context) ([]podlogs.Pod, error) {
	all, err := l.client.ListPods(ctx, l.namespace, l.selector())
	if err != nil {
		return nil, accessError(err)
	}
	all = slices.DeleteFunc(all, func(p podlogs.Pod) bool { return !l.wants(p) })
	if len(all) == 0 && !l.known() && l.facts.redisErr == nil {
		return nil, usageError{fmt.Errorf("event %[1]s has no record and no Pods, see: ottoscaler explain %[1]s", l.facts.id)}
	}
	return all, nil
}

func (l *logsCommand) selector() string {
	return pods.Selector(l.cfg.Workers.Instance, l.facts.id, l.slot)
}

func (l *logsCommand) wants(p podlogs.Pod) bool {
	id, slot, attempt, ours := l.names.Parse(p.Name)
	return ours && id == l.facts.id && (l.slot == 0 || slot == l.slot) && (l.attempt == 0 || attempt == l.attempt)
}

// containersOf are those of a Pod that are asked for.
func (l *logsCommand) containersOf(p podlogs.Pod) []podlogs.Target {
	return slices.DeleteFunc(slices.Clone(p.Containers), func(t podlogs.Target) bool {
		return len(l.containers) > 0 && !slices.Contains(l.containers, t.Container)
	})
}

// checkContainers reports a container that no Pod has.
func (l *logsCommand) checkContainers(all []podlogs.Pod) error {
	var has []string
	for _, p := range all {
		for _, t := range p.Containers {
			if !slices.Contains(has, t.Container) {
				has = append(has, t.Container)
			}
		}
	}
	for _, name := range l.containers {
		if len(all) > 0 && !slices.Contains(has, name) {
			return usageError{fmt.Errorf("--container: no Pod has %q, there are: %s", name, strings.Join(has, ", "))}
		}
	}
	return nil
}

// accessError adds the code of a cluster that cannot be used.
func accessError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return errcode.Wrap(errcode.ClusterAccess, err)
}
