package records

import (
	"strings"
	"testing"
	"time"

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
		fields := asHash(workerStatus(worker.Report{ID: theID, State: c.state, Reason: c.reason, At: at}, "ci"))
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
		return testing.AllocsPerRun(100, func() { _ = workerStatus(r, "ci") })
	}
	if with, without := allocs("OOMKilled"), allocs("Error"); with > without+1 {
		t.Errorf("%v allocations with a code, %v without", with, without)
	}
}

// TestWorkerEntry: what a program may build upon is a field of its own, not a word in a sentence.
func TestWorkerEntry(t *testing.T) {
	r := worker.Report{
		ID: theID, Seq: 4, Queue: "web", Worker: "w", Slot: 2, Attempt: 1, State: worker.StateSucceeded, Pod: "p", Node: "n",
		Message: strings.Repeat("x", worker.MaxResult+1), At: later, CreatedAt: at, StartedAt: at, EndedAt: later,
	}
	got := asHash(workerStatus(r, "ci"))
	for field, want := range map[string]string{
		"seq": "4", "pod": "p", "namespace": "ci", "created_at": atText, "started_at": atText, "ended_at": laterText, "queue": "web",
		"message": strings.Repeat("x", worker.MaxResult),
	} {
		if got[field] != want {
			t.Errorf("%s is %q, want %q", field, got[field], want)
		}
	}
	r.Pod, r.State, r.CreatedAt, r.StartedAt, r.EndedAt, r.Seq = "", worker.StateFailed, time.Time{}, time.Time{}, time.Time{}, 0
	got = asHash(workerStatus(r, "ci"))
	for _, field := range []string{"pod", "namespace", "created_at", "started_at", "ended_at", "seq"} {
		if value, there := got[field]; there {
			t.Errorf("%s is %q, want none", field, value)
		}
	}
	if n := len(got["message"]); n != maxMessage {
		t.Errorf("a failure's message has %d bytes", n)
	}
}
