package cli

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// finding is the result of one check.
type finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	What string `json:"what"`
	Code string `json:"code,omitempty"`
	Fix  string `json:"fix,omitempty"`
}

func passed(name, format string, args ...any) finding {
	return finding{Name: name, OK: true, What: fmt.Sprintf(format, args...)}
}

// failed begins with the code's message and has its fix.
func failed(name string, c errcode.Code, format string, args ...any) finding {
	e := c.Entry()
	return finding{Name: name, What: e.Message + ": " + fmt.Sprintf(format, args...), Code: string(c), Fix: e.Fix}
}

func newCheck(version string) *cobra.Command {
	var out output
	var pre bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check Redis and Kubernetes for everything that run needs",
		Long: `Check that Redis and Kubernetes are reachable and have everything that "run" needs: versions, permissions, persistence; whether
a Pod of each template would be accepted; and what blocks workers now, or did in the last 15 minutes. Nothing is changed:
Pods are tried with a dry run. Run it with the account and the environment of "run". With --pre it leaves out what exists
only after the first start.

Exit codes: 0 all checks passed, 2 usage or configuration, 3 a check failed.`,
		Example: "  ottoscaler check --pre\n  ottoscaler check -o json",
		Args:    noArgs,
		RunE: withDeps(version, func(c *cobra.Command, d *deps, _ []string) error {
			findings := slices.Concat(d.checkRedis(c.Context(), pre), d.checkQueues(), d.checkKubernetes(c.Context(), pre))
			if err := printFindings(c.OutOrStdout(), out, findings); err != nil {
				return err
			}
			return checkStatus(findings)
		}),
	}
	c.Flags().BoolVar(&pre, "pre", false, "before the first start")
	out.addFlag(c)
	return c
}

func printFindings(w io.Writer, out output, findings []finding) error {
	if !out.isTable() {
		return out.print(w, findings, nil, nil)
	}
	for _, f := range findings {
		mark, code := "✔", ""
		if !f.OK {
			mark = "✖"
		}
		if f.Code != "" {
			code = f.Code + " "
		}
		fmt.Fprintf(w, "%s %-12s %s%s\n", mark, f.Name, code, text.Printable(f.What))
		if f.Fix != "" {
			fmt.Fprintf(w, "    fix: %s\n", text.Printable(f.Fix))
		}
	}
	return nil
}

// checkStatus is what the findings mean for the exit code; nil: all checks passed.
func checkStatus(findings []finding) error {
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
