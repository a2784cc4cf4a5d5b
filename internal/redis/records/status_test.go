package records

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestCodesOnTheStatusStream: a failure that somebody can fix has its code beside its reason; a success has none.
func TestCodesOnTheStatusStream(t *testing.T) {
	for _, c := range []struct {
		state        worker.State
		reason, want string
	}{
		{worker.StateCreated, "", ""},
		{worker.StateRunning, "", ""},
		{worker.StateSucceeded, "Completed", ""},
		{worker.StateSucceeded, "Evicted", ""},
		{worker.StateFailed, "Error", ""}, // the program's own
		{worker.StateFailed, "entry rejected", ""},
		{worker.StateFailed, "Refused", "OTTO501"},
		{worker.StateFailed, "NameTaken", "OTTO502"},
		{worker.StateFailed, "Unschedulable", "OTTO503"},
		{worker.StateFailed, "ImagePullBackOff", "OTTO505"},
		{worker.StateFailed, "OOMKilled", "OTTO508"},
		{worker.StateRetrying, "Evicted", "OTTO523"},
		{worker.StateLost, "NodeLost", "OTTO510"},
		{worker.StateCancelled, "ScaledDown", ""},
		{worker.StateCancelled, "Deleted", "OTTO534"},
	} {
		fields := asHash(workerStatus(worker.Report{ID: theID, State: c.state, Reason: c.reason, At: at}))
		if got := fields["code"]; got != c.want {
			t.Errorf("%s (%s): code %q, want %q", c.state, c.reason, got, c.want)
		}
	}
}

func TestCodesOfRejections(t *testing.T) {
	for code, want := range map[string]string{
		event.CodeType: "OTTO401", event.CodeTrimmed: "OTTO535", event.CodePoison: "OTTO536", "OOMKilled?": "OTTO401",
	} {
		r := worker.Reject{ID: theID, Code: code, Reason: "why", At: at}
		if got, letter := asHash(rejectedStatus(r))["code"], asHash(deadLetter(r))["code"]; got != want || letter != want {
			t.Errorf("%s: %q on the status stream, %q on the letter, want %q", code, got, letter, want)
		}
	}
}

// TestCodesCostLittle: thousands of workers may end at once.
func TestCodesCostLittle(t *testing.T) {
	allocs := func(reason string) float64 {
		r := worker.Report{ID: theID, State: worker.StateFailed, Reason: reason, At: at}
		return testing.AllocsPerRun(100, func() { _ = workerStatus(r) })
	}
	if with, without := allocs("OOMKilled"), allocs("Error"); with > without+1 {
		t.Errorf("%v allocations with a code, %v without", with, without)
	}
}
