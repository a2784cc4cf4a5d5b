package metrics

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// fakeJournal answers everything with one error.
type fakeJournal struct{ err error }

func (j fakeJournal) Begin(context.Context) (worker.TermStart, error) {
	return worker.TermStart{Known: true}, j.err
}

func (j fakeJournal) Open(context.Context, event.ID, int) ([]worker.Record, error) {
	return nil, j.err
}
func (j fakeJournal) Find(context.Context, event.ID) (*worker.Record, error) { return nil, j.err }
func (j fakeJournal) Commit(context.Context, []worker.Write) error           { return j.err }

func (j fakeJournal) Clocks(context.Context) (map[string]time.Time, error) { return nil, j.err }

var observedAt = time.UnixMilli(1756659802903)

// unlisted is a value that no label lists.
var unlisted = "task-123\n" + strings.Repeat("x", 100)

type values map[string]float64

type writeCase struct {
	write worker.Write
	want  values
}

var entryCases = map[string]writeCase{
	"accept":           {worker.Accept{Event: event.Event{Type: event.ScaleUp}}, values{"events_total{accepted,scale_up}": 1}},
	"duplicate":        {worker.Duplicate{Type: event.ScaleDown}, values{"events_total{duplicate,scale_down}": 1}},
	"duplicate of old": {worker.Duplicate{}, values{"events_total{duplicate,other}": 1}},
	"reject": {
		worker.Reject{Code: event.CodePodCount, Fields: map[string]string{"type": "scale_up"}},
		values{"events_total{rejected,scale_up}": 1, "dead_letters_total{invalid_pod_count}": 1, "queue_rejected_total{default}": 1},
	},
	"reject, unlisted code": {
		worker.Reject{Code: unlisted, Fields: map[string]string{"type": unlisted}},
		values{"events_total{rejected,other}": 1, "dead_letters_total{other}": 1, "queue_rejected_total{default}": 1},
	},
	"trimmed": {
		worker.Reject{Code: event.CodeTrimmed},
		values{"events_total{rejected,other}": 1, "dead_letters_total{trimmed}": 1, "events_lost_total{trimmed}": 1, "queue_rejected_total{other}": 1},
	},
	"settle":     {worker.Settle{}, values{"events_settled_total": 1}},
	"close up":   {worker.Close{Type: event.ScaleUp}, values{"events_closed_total{scale_up}": 1}},
	"close down": {worker.Close{Type: event.ScaleDown}, values{"events_closed_total{scale_down}": 1}},
	"ack":        {worker.Ack{}, values{}},
}

func report(state worker.State, attempt int, reason string, took time.Duration) worker.Report {
	r := worker.Report{Attempt: attempt, State: state, Reason: reason, At: observedAt}
	if took > 0 {
		r.Began = observedAt.Add(-took)
	}
	return r
}

var workerCases = map[string]writeCase{
	"created": {
		worker.Progress{Report: report(worker.StateCreated, 1, "", 20*time.Millisecond)},
		values{
			"workers_started_total": 1, "attempts_total": 1, "create_delay_seconds count": 1, "create_delay_seconds sum": 0.02,
			"queue_wait_seconds{default} count": 1, "queue_wait_seconds{default} sum": 0.02,
		},
	},
	"created again": {worker.Progress{Report: report(worker.StateCreated, 2, "", 0)}, values{"attempts_total": 1}},
	"running": {
		worker.Progress{Report: report(worker.StateRunning, 1, "", 2*time.Second)},
		values{"start_delay_seconds count": 1, "start_delay_seconds sum": 2},
	},
	"retrying":           {worker.Progress{Report: report(worker.StateRetrying, 1, "Evicted", 0)}, values{"retries_total{Evicted}": 1}},
	"retrying, unlisted": {worker.Progress{Report: report(worker.StateRetrying, 1, unlisted, 0)}, values{"retries_total{other}": 1}},
	"outcome": {worker.Outcome{Report: report(worker.StateFailed, 1, "OOMKilled", 30*time.Second)}, values{
		"workers_finished_total{OOMKilled,failed}": 1, "run_duration_seconds count": 1, "run_duration_seconds sum": 30,
		"record_delay_seconds count": 1, "record_delay_seconds sum": 0.007,
	}},
	"never started": {worker.Outcome{Report: report(worker.StateFailed, 1, "RunContainerError", 0)}, values{
		"workers_finished_total{RunContainerError,failed}": 1, "record_delay_seconds count": 1, "record_delay_seconds sum": 0.007,
	}},
	"outcome, unlisted": {worker.Outcome{Report: report(worker.StateLost, 1, unlisted, 0)}, values{
		"workers_finished_total{other,lost}": 1, "record_delay_seconds count": 1, "record_delay_seconds sum": 0.007,
	}},
}

// TestWrites: what each committed write counts as. Unlisted reasons and types make no series of their own.
func TestWrites(t *testing.T) {
	for _, cases := range []map[string]writeCase{entryCases, workerCases} {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) { test.check(t) })
		}
	}
}

func (c writeCase) check(t *testing.T) {
	t.Helper()
	s := newFixture()
	now := func() time.Time { return observedAt.Add(7 * time.Millisecond) }
	batch := []worker.Write{c.write}
	if err := s.inst.Journal(fakeJournal{errors.New("the reply is lost")}, now).Commit(t.Context(), batch); err == nil {
		t.Error("the error is not returned")
	}
	if got := changes(s.values(t), counted...); len(got) != 0 {
		t.Errorf("counted without a reply: %v", got)
	}
	if err := s.inst.Journal(fakeJournal{}, now).Commit(t.Context(), batch); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(c.want, values(changes(s.values(t), counted...))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
