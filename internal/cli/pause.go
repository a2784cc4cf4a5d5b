package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	applyTimeout  = 10 * time.Second
	applyInterval = 100 * time.Millisecond
	maxPauseText  = 256 // bytes of a reason or a name
)

func newPause(version string) *cobra.Command {
	r := pauseRequest{on: true}
	c := &cobra.Command{
		Use:   "pause [QUEUE] --reason REASON",
		Short: "Start no more workers of a queue, or of all queues",
		Long: `Start no more workers of a queue, or of all queues. Events are still accepted, workers that have a Pod continue, outcomes are
recorded, scale_down and cancel take effect, and start deadlines run on. Who paused it, when and why is shown by "get queues" and
"explain" and lasts until "resume", whatever restarts. The command waits until the leader has applied it, at most ten seconds.

Exit codes: 0 applied, 1 Redis unreachable, or sent and not applied yet, 2 usage.`,
		Example: "  ottoscaler pause web --reason \"registry is down\"\n  ottoscaler pause --reason \"etcd upgrade\"",
		Args:    atMostOneArg("QUEUE"),
		RunE:    r.command(version),
	}
	c.Flags().StringVar(&r.reason, "reason", "", "why: shown to whoever waits (required)")
	r.addFlags(c)
	return c
}

func newResume(version string) *cobra.Command {
	var r pauseRequest
	c := &cobra.Command{
		Use:   "resume [QUEUE]",
		Short: "Start workers again of a queue, or of all queues",
		Long: `Undo "pause": of a queue, or of all queues. The two are independent: "resume" without QUEUE ends the pause of all queues and
leaves single queues paused, and the other way round; what stays paused is shown. The command waits until the leader has applied
it, at most ten seconds.

Exit codes: 0 applied, 1 Redis unreachable, or sent and not applied yet, 2 usage.`,
		Example: "  ottoscaler resume web\n  ottoscaler resume",
		Args:    atMostOneArg("QUEUE"),
		RunE:    r.command(version),
	}
	r.addFlags(c)
	return c
}

// controls send commands of operators, and show which pauses are in force.
type controls interface {
	Send(ctx context.Context, cmd worker.Command) (event.ID, error)
	Paused(ctx context.Context) (map[string]worker.Paused, error)
}

// pauseRequest is the pause or resume to send.
type pauseRequest struct {
	on     bool
	reason string
	by     string
}

func (r *pauseRequest) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&r.by, "by", "", "who you are (default $USER)")
}

func (r *pauseRequest) command(version string) func(*cobra.Command, []string) error {
	return withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
		r.by = cmp.Or(r.by, config.User())
		cmd, err := r.build(args)
		if err != nil {
			return usageError{err}
		}
		return apply(c.Context(), d.controls(), cmd, c.OutOrStdout())
	})
}

func (r *pauseRequest) build(args []string) (worker.Command, error) {
	cmd := worker.Command{Queue: worker.AllQueues, On: r.on, By: r.by, Reason: r.reason}
	if len(args) == 1 {
		cmd.Queue = args[0]
		if !event.ValidQueue(cmd.Queue) {
			return cmd, fmt.Errorf("QUEUE: got %q, takes 1 to 63 of A-Z, a-z, 0-9, '.', '_', '/' and '-'", text.Ellipsis(cmd.Queue, 64))
		}
	}
	switch {
	case cmd.By == "":
		return cmd, errors.New("--by: $USER is not set; say who you are")
	case r.on && strings.TrimSpace(cmd.Reason) == "":
		return cmd, errors.New("--reason: say why, for those who wait")
	}
	for name, value := range map[string]string{"--by": cmd.By, "--reason": cmd.Reason} {
		if len(value) > maxPauseText || value != text.Line(value, maxPauseText) {
			return cmd, fmt.Errorf("%s: takes at most %d bytes of one line", name, maxPauseText)
		}
	}
	return cmd, nil
}

// apply sends a command and waits until it is in force.
func apply(ctx context.Context, to controls, cmd worker.Command, out io.Writer) error {
	id, err := to.Send(ctx, cmd)
	if err != nil {
		return errcode.Wrap(errcode.Redis, fmt.Errorf("%w (it may have been sent; sending it again is safe)", err))
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	for {
		paused, err := to.Paused(ctx)
		switch {
		case err == nil && inForce(paused, cmd):
			return printApplied(out, cmd, paused)
		case err != nil && ctx.Err() == nil:
			return errcode.Wrap(errcode.Redis, err)
		case !retry.Sleep(ctx, applyInterval):
			return fmt.Errorf("command %s was sent and is not applied yet: the leader applies it as soon as there is one, "+
				"see: ottoscaler get queues", id)
		}
	}
}

// inForce reports whether the pauses are what the command leads to.
func inForce(paused map[string]worker.Paused, cmd worker.Command) bool {
	p, found := paused[cmd.Queue]
	return found == cmd.On && (!cmd.On || p.By == cmd.By && p.Reason == cmd.Reason)
}

// printApplied says what holds now, the other kind of pause included.
func printApplied(out io.Writer, cmd worker.Command, paused map[string]worker.Paused) error {
	if cmd.On {
		_, err := fmt.Fprintf(out, "%s paused; undo it with: %s\n", quantify(cmd.Queue), resumeCommand(cmd.Queue))
		return err
	}
	fmt.Fprintf(out, "%s resumed\n", quantify(cmd.Queue))
	if all, found := paused[worker.AllQueues]; found {
		fmt.Fprintf(out, "still paused: %s\n", describePause(worker.AllQueues, all))
		return nil
	}
	for _, name := range sortedNames(paused) {
		if cmd.Queue == worker.AllQueues {
			fmt.Fprintf(out, "still paused: %s\n", describePause(name, paused[name]))
		}
	}
	return nil
}

// quantify is `queue web`, or `all queues`.
func quantify(queue string) string {
	if queue == worker.AllQueues {
		return "all queues"
	}
	return "queue " + text.Printable(queue)
}

// resumeCommand undoes the pause of a queue.
func resumeCommand(queue string) string {
	if queue == worker.AllQueues {
		return "ottoscaler resume"
	}
	return "ottoscaler resume " + queue
}

// describePause is `queue web, paused by kim since 10:02: "etcd upgrade"`.
func describePause(queue string, p worker.Paused) string {
	return fmt.Sprintf("%s, paused by %s since %s: %q", quantify(queue), text.Printable(p.By), formatClock(p.At), text.Printable(p.Reason))
}

// formatClock is a time with its day, to the second.
func formatClock(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
