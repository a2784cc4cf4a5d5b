package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// finding is one thing that was looked at.
type finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	What string `json:"what"`
	Code string `json:"code,omitempty"`
	Mend string `json:"mend,omitempty"`
}

func good(name, format string, args ...any) finding {
	return finding{Name: name, OK: true, What: fmt.Sprintf(format, args...)}
}

// bad is a finding of the trouble with these literal words.
func bad(name, literal, format string, args ...any) finding {
	t, _ := trouble.Of(literal)
	return finding{Name: name, What: literal + ": " + fmt.Sprintf(format, args...), Code: t.Code, Mend: t.Mend}
}

func newCheck(version string) *cobra.Command {
	var out output
	var pre bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check Redis and Kubernetes for everything that is needed",
		Long: `Check that Redis and Kubernetes are there and have everything that "run" needs: versions, rights, persistence, what would
become of a Pod of each template, and what keeps workers from starting now, or did within the last quarter of an hour.
Nothing is changed: Pods are tried with a dry run. Run it as the account, and with the environment, that "run" has. With
--pre nothing is asked that is only there after the first start.

Exit codes: 0 all is well, 2 usage or configuration, 3 a check failed.`,
		Example: "  ottoscaler check --pre\n  ottoscaler check -o json",
		Args:    noArgs,
		RunE: withTools(version, func(c *cobra.Command, t *tools, _ []string) error {
			findings := append(t.checkRedis(c.Context(), pre), t.checkKubernetes(c.Context(), pre)...)
			if err := showFindings(c.OutOrStdout(), out, findings); err != nil {
				return err
			}
			return failures(findings)
		}),
	}
	c.Flags().BoolVar(&pre, "pre", false, "before the first start")
	out.flag(c)
	return c
}

func showFindings(w io.Writer, out output, findings []finding) error {
	if out != "table" {
		return out.print(w, findings, nil, nil)
	}
	for _, f := range findings {
		mark, code := "✔", ""
		if !f.OK {
			mark, code = "✖", f.Code+" "
		}
		fmt.Fprintf(w, "%s %-12s %s%s\n", mark, f.Name, code, clean(f.What))
		if f.Mend != "" {
			fmt.Fprintf(w, "    mend: %s\n", clean(f.Mend))
		}
	}
	return nil
}

func failures(findings []finding) error {
	n := 0
	for _, f := range findings {
		if !f.OK {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return exitError{exitCheck, fmt.Errorf("%d of %d checks failed", n, len(findings))}
}
