//go:build real

package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// sample is a figure measured several times.
type sample []float64

func (s sample) sorted() sample { return slices.Sorted(slices.Values(s)) }

// quantile takes the nearest rank: of 500 the 0.99 is the fifth from the top.
func (s sample) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	at := int(math.Ceil(q*float64(len(s)))) - 1
	return s.sorted()[max(0, at)]
}

func (s sample) median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := s.sorted()
	return (sorted[(len(s)-1)/2] + sorted[len(s)/2]) / 2
}

// spread is "median (lowest to highest)".
func (s sample) spread(digits int, unit string) string {
	if len(s) == 1 {
		return fmt.Sprintf("%.*f%s", digits, s[0], unit)
	}
	return fmt.Sprintf("%.*f%s (%.*f to %.*f)", digits, s.median(), unit, digits, slices.Min(s), digits, slices.Max(s))
}

// per divides round by round: both sides of a round had the same machine conditions.
func (s sample) per(floor sample) sample {
	out := make(sample, len(s))
	for i := range s {
		out[i] = s[i] / floor[i]
	}
	return out
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
