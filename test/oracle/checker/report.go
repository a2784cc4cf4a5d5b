package checker

import (
	"fmt"
	"strings"
)

// State is how a check ended.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Failed  State = "FAILED"
	Unknown State = "UNKNOWN" // traces are missing: this is a failure
	Skipped State = "skipped" // the check does not apply to this run
)

// Result is the result of one check.
type Result struct {
	Check    string // O1 … O15
	Rule     string // what is checked, in a few words
	State    State
	Findings []string // one plain sentence each
	Note     string   // why it is unknown or skipped, or a further detail
}

// Report is one result per check, in order.
type Report struct {
	Results []Result
	Summary string   // how much there was to check
	Used    []string // "verb resource" that the product requested
}

// Failed reports whether a check failed or could not be decided.
func (r Report) Failed() bool {
	for _, v := range r.Results {
		if v.State == Failed || v.State == Unknown {
			return true
		}
	}
	return false
}

// maxShown bounds the printed findings of one check.
const maxShown = 20

// String prints a table, with the findings under their check.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Summary)
	for _, v := range r.Results {
		fmt.Fprintf(&b, "%-4s%-12s%s", v.Check, v.State, v.Rule)
		if v.Note != "" {
			fmt.Fprintf(&b, " (%s)", v.Note)
		}
		b.WriteByte('\n')
		for i, f := range v.Findings {
			if i == maxShown {
				fmt.Fprintf(&b, "      … and %d more\n", len(v.Findings)-maxShown)
				break
			}
			fmt.Fprintf(&b, "      %s\n", f)
		}
	}
	return b.String()
}

// findings collects the findings of one check.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// result is Failed if there are findings.
func (f findings) result() Result {
	if len(f) > 0 {
		return Result{State: Failed, Findings: f}
	}
	return Result{State: OK}
}

func unknown(why string) Result { return Result{State: Unknown, Note: why} }

func skipped(why string) Result { return Result{State: Skipped, Note: why} }
