package tracecontext

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Sampler decides which traces are recorded, by the trace alone: whoever asks gets the same answer. The zero Sampler is
// parentbased_always_on.
type Sampler struct {
	ignoresParent bool
	bound         uint64 // a root is recorded if its ID is below it; 0: always, unless never is set
	never         bool
}

const (
	parentBased = "parentbased_"
	maxRandom   = 1 << 63 // the last 63 bits of a trace ID are below it
)

// Samplers are the names that NewSampler takes: those of OTEL_TRACES_SAMPLER without a remote part.
func Samplers() []string {
	return []string{
		"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
	}
}

// NewSampler reads OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG. An empty name is parentbased_always_on, an empty argument 1.
func NewSampler(name, arg string) (Sampler, error) {
	if name == "" {
		return Sampler{}, nil
	}
	if !slices.Contains(Samplers(), name) {
		return Sampler{}, fmt.Errorf("unknown sampler %q", name)
	}
	root, isParentBased := strings.CutPrefix(name, parentBased)
	s := Sampler{ignoresParent: !isParentBased, never: root == "always_off"}
	if root != "traceidratio" || arg == "" {
		return s, nil
	}
	ratio, err := ParseRatio(arg)
	if err != nil {
		return Sampler{}, err
	}
	if ratio < 1 {
		s.bound = uint64(ratio * maxRandom)
		s.never = s.bound == 0
	}
	return s, nil
}

// ParseRatio reads the argument of traceidratio.
func ParseRatio(arg string) (float64, error) {
	ratio, err := strconv.ParseFloat(arg, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) { // NaN is neither
		return 0, fmt.Errorf("%q is no number from 0 to 1", arg)
	}
	return ratio, nil
}

// Sample reports whether a trace is recorded. parentSampled is the decision of the producer, if it sent one. The ratio counts as in
// OpenTelemetry's SDKs, so that services with the same ratio record the same traces.
func (s Sampler) Sample(trace TraceID, parentSampled, sent bool) bool {
	if sent && !s.ignoresParent {
		return parentSampled
	}
	return !s.never && (s.bound == 0 || binary.BigEndian.Uint64(trace[8:])>>1 < s.bound)
}
