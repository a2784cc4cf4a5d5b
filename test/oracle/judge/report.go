package judge

import (
	"fmt"
	"strings"
)

// State is how a check came out.
type State string

// The ways a check can come out.
const (
	OK      State = "ok"
	Failed  State = "FAILED"
	Unknown State = "NOT JUDGED" // evidence is missing: that is a failure
	Waived  State = "waived"     // what was done to the run on purpose makes the check meaningless
)

// Verdict is the result of one check.
type Verdict struct {
	Check    string // O1 … O11
	Promise  string // what was checked, in a few words
	State    State
	Findings []string // one plain sentence each
	Note     string   // why it was not judged, or what else is worth knowing
}

// Report is one verdict per check, in order.
type Report struct {
	Verdicts []Verdict
	Summary  string   // how much evidence there was
	Used     []string // "verb resource" that our user asked for
}

// Failed reports whether a check failed or could not be judged.
func (r Report) Failed() bool {
	for _, v := range r.Verdicts {
		if v.State == Failed || v.State == Unknown {
			return true
		}
	}
	return false
}

// shown bounds the findings of one check in print: the first few say it all.
const shown = 20

// String prints a table, with the findings under their check.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Summary)
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "%-4s%-12s%s", v.Check, v.State, v.Promise)
		if v.Note != "" {
			fmt.Fprintf(&b, " (%s)", v.Note)
		}
		b.WriteByte('\n')
		for i, f := range v.Findings {
			if i == shown {
				fmt.Fprintf(&b, "      … and %d more\n", len(v.Findings)-shown)
				break
			}
			fmt.Fprintf(&b, "      %s\n", f)
		}
	}
	return b.String()
}

// findings collects the sentences of one check.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// verdict turns them into one.
func (f findings) verdict() Verdict {
	if len(f) > 0 {
		return Verdict{State: Failed, Findings: f}
	}
	return Verdict{State: OK}
}

func unknown(why string) Verdict { return Verdict{State: Unknown, Note: why} }

func waived(why string) Verdict { return Verdict{State: Waived, Note: why} }
