package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// output is the format a command prints: a table for people, JSON or YAML for programs.
type output string

// outputWide is a table with every column that the command has.
const outputWide output = "wide"

func (o *output) addFlag(c *cobra.Command) {
	c.Flags().StringVarP((*string)(o), "output", "o", "table", "table, wide, json or yaml")
	formats := []string{"table", "wide", "json", "yaml"}
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// isTable reports whether people read it.
func (o output) isTable() bool { return o == "table" || o == outputWide }

// print writes v, or rows below a header. Rows may hold text of producers and Pods: it is made printable.
func (o *output) print(w io.Writer, v any, header []string, rows [][]string) error {
	switch *o {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	case "yaml":
		b, err := yaml.Marshal(v)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case "table", outputWide:
		return printTable(w, header, rows)
	}
	return usageError{fmt.Errorf("--output: got %q, takes table, wide, json or yaml", string(*o))}
}

func printTable(w io.Writer, header []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(header, "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = text.Printable(row[i])
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return t.Flush()
}

// formatAge is a duration with the precision that people need.
func formatAge(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
