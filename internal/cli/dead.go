package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

func newDead(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "dead",
		Short: "List dead letters, or redrive one",
		Args:  noArgs,
		RunE:  showHelp,
	}
	c.AddCommand(newDeadList(version), newDeadRedrive(version))
	return c
}

// deadLetterView is a dead letter as printed.
type deadLetterView struct {
	ID       string            `json:"letter_id"`
	Original string            `json:"original_id"`
	Code     string            `json:"reason_code"`
	Reason   string            `json:"reason"`
	Fields   map[string]string `json:"fields"`
	Omitted  string            `json:"omitted,omitempty"`
}

func viewDeadLetter(l inspect.DeadLetter) deadLetterView {
	return deadLetterView{ID: l.ID, Original: l.Original, Code: l.Code, Reason: l.Reason, Fields: l.Fields, Omitted: l.Omitted}
}

func newDeadList(version string) *cobra.Command {
	var out output
	var n int
	c := &cobra.Command{
		Use:   "list",
		Short: "List the newest dead letters, newest first",
		Args:  noArgs,
		RunE: withDeps(version, func(c *cobra.Command, d *deps, _ []string) error {
			deadLetters, err := d.reader.DeadLetters(c.Context(), n)
			if err != nil {
				return errcode.Wrap(errcode.Redis, err)
			}
			views, rows := make([]deadLetterView, 0, len(deadLetters)), [][]string(nil)
			for _, l := range deadLetters {
				views = append(views, viewDeadLetter(l))
				rows = append(rows, []string{l.ID, l.Original, l.Code, l.Reason})
			}
			return out.print(c.OutOrStdout(), views, []string{"LETTER", "ENTRY", "CODE", "REASON"}, rows)
		}),
	}
	c.Flags().IntVarP(&n, "number", "n", 20, "how many")
	out.addFlag(c)
	return c
}

func newDeadRedrive(version string) *cobra.Command {
	var set map[string]string
	c := &cobra.Command{
		Use:   "redrive LETTER",
		Short: "Send the entry of a dead letter again, corrected; prints the new event's ID",
		Long: `Send the entry of a dead letter again and delete the dead letter, atomically. The entry becomes a new event with a new ID.
Correct its fields with --set; --set name= removes a field.`,
		Example: "  ottoscaler dead redrive 1756659802903-0 --set pod_count=3",
		Args:    oneArg("LETTER"),
		RunE: withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
			id, err := d.reader.Redrive(c.Context(), args[0], func(fields map[string]string) error { return correctFields(fields, set) })
			if invalid := (usageError{}); errors.As(err, &invalid) {
				return invalid
			}
			if err != nil {
				return errcode.Wrap(errcode.Redis, err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), id)
			return err
		}),
	}
	c.Flags().StringToStringVar(&set, "set", nil, "fields to change, as name=value")
	return c
}

// correctFields changes fields in place. Its error says why the entry would be rejected again.
func correctFields(fields, set map[string]string) error {
	for name, value := range set {
		if fields[name] = value; value == "" {
			delete(fields, name)
		}
	}
	if err := validateEntry(fields); err != nil {
		return usageError{fmt.Errorf("it would be rejected again: %w: correct it with --set", err)}
	}
	return nil
}

// validateEntry decodes an entry as the daemon will, as far as that is the same for every installation.
func validateEntry(fields map[string]string) error {
	if _, rejection := event.Check(event.ID{Ms: 1}, fields, maxPodCount); rejection != nil {
		return errors.New(strings.TrimSpace(rejection.Reason))
	}
	return nil
}
