//go:build real

package bench

// result is what one row measured.
type result struct {
	Row     string
	Seconds float64
	Lines   []line
	Series  map[string][]point `json:",omitempty"` // for the plots
	Taken   string             // when, and of which version
}

// line is one line of the table.
type line struct {
	Figure  string
	Demand  string
	Floor   string
	Product string
	Ratio   string
	Verdict string // met, missed; empty: nothing is demanded
	Note    string
}

type point struct{ X, Y float64 }

const (
	met    = "met"
	missed = "missed"
)

func verdict(ok bool) string {
	if ok {
		return met
	}
	return missed
}

func (r *result) add(l line) { r.Lines = append(r.Lines, l) }

func (r *result) point(series string, x, y float64) {
	if r.Series == nil {
		r.Series = make(map[string][]point)
	}
	r.Series[series] = append(r.Series[series], point{x, y})
}
