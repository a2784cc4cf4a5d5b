package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

func newDead(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "dead",
		Short: "List dead letters, or send one again",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDeadList(version), newDeadRedrive(version))
	return c
}

type letterView struct {
	Letter   string            `json:"letter_id"`
	Original string            `json:"original_id"`
	Code     string            `json:"reason_code"`
	Reason   string            `json:"reason"`
	Fields   map[string]string `json:"fields"`
	Omitted  string            `json:"omitted,omitempty"`
}

func newDeadList(version string) *cobra.Command {
	var out output
	var n int
	c := &cobra.Command{
		Use:   "list",
		Short: "List the newest dead letters, newest first",
		Args:  noArgs,
		RunE: withTools(version, func(c *cobra.Command, t *tools, _ []string) error {
			letters, err := t.reader.Letters(c.Context(), n)
			if err != nil {
				return fail(trouble.Redis, err)
			}
			views, rows := make([]letterView, 0, len(letters)), [][]string(nil)
			for _, l := range letters {
				views = append(views, showLetter(l))
				rows = append(rows, []string{l.ID, l.Original, l.Code, l.Reason})
			}
			return out.print(c.OutOrStdout(), views, []string{"LETTER", "ENTRY", "CODE", "REASON"}, rows)
		}),
	}
	c.Flags().IntVarP(&n, "number", "n", 20, "how many")
	out.flag(c)
	return c
}

func newDeadRedrive(version string) *cobra.Command {
	var set map[string]string
	c := &cobra.Command{
		Use:   "redrive LETTER",
		Short: "Send the entry of a dead letter again, mended; prints the new event's ID",
		Long: `Send the entry of a dead letter again and take the letter away, both or neither. It becomes a new event with a new ID.
What was wrong with it must be mended with --set; --set name= leaves a field out.`,
		Example: "  ottoscaler dead redrive 1756659802903-0 --set pod_count=3",
		Args:    oneArg("LETTER"),
		RunE: withTools(version, func(c *cobra.Command, t *tools, args []string) error {
			id, err := t.reader.Redrive(c.Context(), args[0], func(fields map[string]string) error { return mend(fields, set) })
			if wrong := (usageError{}); errors.As(err, &wrong) {
				return wrong
			}
			if err != nil {
				return fail(trouble.Redis, err)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), id)
			return err
		}),
	}
	c.Flags().StringToStringVar(&set, "set", nil, "fields to change, as name=value")
	return c
}

// mend changes fields, and refuses what would come back as a dead letter.
func mend(fields, set map[string]string) error {
	for name, value := range set {
		if fields[name] = value; value == "" {
			delete(fields, name)
		}
	}
	if _, bad := event.Recall(event.ID{Ms: 1}, fields, anyCount); bad != nil {
		return usageError{fmt.Errorf("it would be rejected again: %s: mend it with --set", bad.Reason)}
	}
	return nil
}

func showLetter(l redis.Letter) letterView {
	return letterView{Letter: l.ID, Original: l.Original, Code: l.Code, Reason: l.Reason, Fields: l.Fields, Omitted: l.Omitted}
}
