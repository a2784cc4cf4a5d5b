package records

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func outcome(state worker.State, reason string, code, attempt int) worker.SlotRecord {
	return worker.SlotRecord{Attempt: attempt, State: state, UID: "u", Reason: reason, ExitCode: new(code)}
}

func TestOutcomesAreShort(t *testing.T) {
	usual := outcome(worker.StateSucceeded, "Completed", 0, 1)
	thousand := make([]worker.SlotRecord, 1000)
	for i := range thousand {
		thousand[i] = usual
	}
	mixed := slices.Concat(thousand[:998], []worker.SlotRecord{outcome(worker.StateFailed, "Error", 1, 1), outcome(worker.StateFailed, "OOMKilled", 137, 2)})
	for want, slots := range map[string][]worker.SlotRecord{
		"s":                                 {usual},
		"s*1000":                            thousand,
		"s*998 f:1:Error f:137:OOMKilled#2": mixed,
		"c::ScaledDown#0*2": {
			worker.SlotRecord{Attempt: 1, State: worker.StateCancelled, Reason: worker.ReasonScaledDown, At: at}.Outcome(),
			worker.SlotRecord{Attempt: 3, State: worker.StateCancelled, Reason: worker.ReasonScaledDown, At: at}.Outcome(),
		},
		"s: s:0 s:3 l":  {{Attempt: 1, UID: "u", State: worker.StateSucceeded}, {Attempt: 1, UID: "u", State: worker.StateSucceeded, ExitCode: new(0)}, {Attempt: 1, UID: "u", State: worker.StateSucceeded, ExitCode: new(3)}, {Attempt: 1, UID: "u", State: worker.StateLost}},
		"f:-1:a%3Ab%20": {outcome(worker.StateFailed, "a:b ", -1, 1)},
	} {
		if got := encodeOutcomes(slots); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := len(encodeOutcomes(thousand)) / len(thousand); got > 24 {
		t.Errorf("%d bytes a worker", got)
	}
}

func TestOutcomesRoundTrip(t *testing.T) {
	states := []worker.State{worker.StateSucceeded, worker.StateFailed, worker.StateCancelled, worker.StateLost}
	rapid.Check(t, func(t *rapid.T) {
		want := make([]worker.SlotRecord, rapid.IntRange(1, 20).Draw(t, "slots"))
		for i := range want {
			s := worker.SlotRecord{
				Attempt: rapid.IntRange(1, 3).Draw(t, "attempt"), State: rapid.SampledFrom(states).Draw(t, "state"), At: time.UnixMilli(5),
				UID:    rapid.SampledFrom([]string{"", "u"}).Draw(t, "uid"),
				Reason: rapid.SampledFrom([]string{"", "-", "Completed", "Error", "a:b*c#d e%3A"}).Draw(t, "reason"),
			}
			if rapid.Bool().Draw(t, "ended") {
				s.ExitCode = new(rapid.IntRange(-1, 255).Draw(t, "code"))
			}
			want[i] = s.Outcome()
		}
		got, err := decodeOutcomes(encodeOutcomes(want), len(want))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}

func TestDecodeOutcomesIsStrict(t *testing.T) {
	for value, want := range map[string]string{
		"":                      "not an outcome",
		"s*2":                   "2 outcomes of 3",
		"s*4":                   "more than 3 outcomes",
		"s*2 f l":               "more than 3 outcomes",
		"s*1000000 s":           "more than 3 outcomes",
		"s*0 s*3":               "number of workers",
		"s*1 s*2":               "number of workers",
		"s*03":                  "number of workers",
		"x*3":                   "outcome",
		"S*3":                   "outcome",
		"s  s*2":                "outcome",
		"f:+1*3":                "exit code",
		"f:1:%zz*3":             "encoded text",
		"f:1:a:b*3":             "encoded text",
		"f:1#-1*3":              "attempt",
		"f#99999999999999999*3": "attempt",
	} {
		if _, err := decodeOutcomes(value, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", value, err, want)
		}
	}
	if _, err := decodeOutcomes(fmt.Sprintf("s*%d", maxSlots), maxSlots); err != nil {
		t.Error(err)
	}
}
