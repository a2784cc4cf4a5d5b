package metrics

import (
	"errors"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Label values are bounded: never a task, an event or a Pod. A value from outside that is not listed counts as other.
const (
	other   = "other"
	builtIn = "(built-in)" // the template without a name
)

var (
	acceptedTypes  = []string{string(event.ScaleUp), string(event.ScaleDown), string(event.Cancel)}
	eventTypes     = append(slices.Clip(acceptedTypes), other) // what an entry claims to be
	eventOutcomes  = []string{"accepted", "duplicate", "rejected"}
	rejectionCodes = append(event.RejectionCodes(), other)
	lossCauses     = []string{event.CodeTrimmed, event.CodePoison}

	// retryReasons and finishReasons, by the worker's final state, are those of worker.Reasons.
	retryReasons  = reasonsOf(worker.StateRetrying)
	finishReasons = map[string][]string{
		string(worker.StateSucceeded): reasonsOf(worker.StateSucceeded),
		string(worker.StateFailed):    reasonsOf(worker.StateFailed),
		string(worker.StateCancelled): reasonsOf(worker.StateCancelled),
		string(worker.StateLost):      reasonsOf(worker.StateLost),
	}
)

func reasonsOf(state worker.State) []string {
	return append(worker.ReasonNames(func(r worker.Reason) bool { return slices.Contains(r.States, state) }), other)
}

// listed is the value itself where the label's list has it, else other.
func listed(values []string, value string) string {
	if slices.Contains(values, value) {
		return value
	}
	return other
}

const (
	resultOK      = "ok"
	resultUnknown = "unknown" // no answer, or none that is understood
)

// requestErrors name the results of requests to the API server that did not simply succeed.
var requestErrors = []struct {
	err    error
	result string
}{
	{worker.ErrExists, "exists"},
	{worker.ErrNameConflict, "name_conflict"},
	{worker.ErrRefused, "refused"},
	{worker.ErrQuota, "quota"},
	{worker.ErrAdmission, "admission"},
	{worker.ErrUnavailable, "unavailable"},
	{worker.ErrForbidden, "forbidden"},
	{worker.ErrGone, "gone"},
}

func requestResults() []string {
	all := []string{resultOK, resultUnknown}
	for _, r := range requestErrors {
		all = append(all, r.result)
	}
	return all
}

func requestResult(err error) string {
	if err == nil {
		return resultOK
	}
	for _, r := range requestErrors {
		if errors.Is(err, r.err) {
			return r.result
		}
	}
	return resultUnknown
}
