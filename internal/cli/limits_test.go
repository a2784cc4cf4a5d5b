package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// limited is an event of queue web with a worker that waits, under every limit at once. Each case lifts those that come first.
func limited() facts {
	rec := record("", worker.StateRunning)
	rec.Event.Queue, rec.Event.MaxParallel = "web", 1
	f := facts{
		record: rec, active: 5, maxWorkers: 5, maxWorkersSource: "the leader's",
		history:   []inspect.StatusEntry{entry("kind", "accepted"), entry("kind", "waiting", "message", "denied the request: no")},
		dryRunErr: fmt.Errorf("dry run: %w: exceeded quota", worker.ErrRefused),
	}
	f.queueFacts = queueFacts{
		paused: map[string]worker.Paused{"*": byLee, "web": byKim},
		queues: []worker.QueueView{
			{Name: "ml", Weight: 1, Live: 9, Waiting: 3},
			{Name: "web", Weight: 3, MaxWorkers: 12, Live: 12, Waiting: 2, Limit: "the API server rests", Lanes: []worker.LaneView{
				{Template: "go", State: "open", Cause: "refused", Message: "another template's"},
				{Template: "big", Shape: "s", State: "open", Cause: "refused", Message: "another shape's"},
				{Template: "big", State: "open", Cause: "admission", Message: "failed calling webhook", Next: noon.Add(4 * time.Second)},
			}},
		},
		refusedAt: noon.Add(-10 * time.Minute), timeout: 15 * time.Minute, ahead: 14, now: noon,
	}
	return f
}

// lift takes limits away, in the order in which they bind.
var lifts = []struct {
	name string
	lift func(f *facts)
	want diagnosis // once the limits before are lifted
}{
	{"pause of all", func(f *facts) { delete(f.paused, "*") }, diagnosis{
		"All queues, paused by lee since 2026-03-04 12:00:00Z: \"other\".", "", "ottoscaler resume",
	}},
	{"pause", func(f *facts) { f.paused = nil }, diagnosis{
		"Queue web, paused by kim since 2026-03-04 12:00:00Z: \"etcd upgrade\".", "", "ottoscaler resume web",
	}},
	{"cap", func(f *facts) { f.queues[1].MaxWorkers = 200 }, diagnosis{"Queue web is at its cap of 12.", "", "max_workers"}},
	{"max_parallel", func(f *facts) { f.record.Event.MaxParallel = 2 }, diagnosis{"max_parallel 1: 1 of its workers have a Pod.", "", "nothing"}},
	{"refusal", func(f *facts) { f.refusedAt = time.Time{} }, coded(errcode.TemplateParked,
		`The API server refuses its Pods since 2026-03-04 11:50:00Z: "failed calling webhook". Without one that is accepted it fails at 2026-03-04 12:05:00Z`)},
	{"breaker", func(f *facts) { f.queues[1].Lanes[2].State, f.active = "quota", 4 }, coded(errcode.BreakerOpen,
		`Its lane is shut (admission): "failed calling webhook"; next trial in 4s.`)},
	{"quota", func(f *facts) { f.queues[1].Lanes, f.active = f.queues[1].Lanes[:2], 5 }, coded(errcode.TemplateParked,
		`Quota is full: "failed calling webhook". A place that is freed is tried at once; next trial in 4s.`)},
	{"dry run", func(f *facts) { f.dryRunErr = nil }, coded(errcode.TemplateParked, "The API server refuses another Pod of its template")},
	{"the leader's", func(f *facts) { f.queues[1].Limit = "capacity is used up" }, diagnosis{"Queue web waits: the API server rests.", "", ""}},
	{"capacity", func(f *facts) { f.active = 4 }, diagnosis{
		"Waiting for capacity: 5 workers running or pending, OTTO_MAX_WORKERS is 5 (the leader's); queue web holds 12 places at weight 3, " +
			"the next freed is its own; 14 events of its queue come first.", "", "OTTO_MAX_WORKERS",
	}},
	{"events before", func(f *facts) { f.ahead = 0 }, diagnosis{"14 events of its queue come first.", "", ""}},
	{"nothing", func(*facts) {}, diagnosis{"Capacity available: 4 workers", "", "ottoscaler_leader"}},
}

// TestFirstLimit: of several limits the one is named that binds first; without a leader nothing else matters.
func TestFirstLimit(t *testing.T) {
	f := limited()
	for _, step := range lifts {
		got := diagnoseWaiting(f)
		if !strings.HasPrefix(got.What, step.want.What) || got.Code != step.want.Code || !strings.Contains(got.Fix, step.want.Fix) {
			t.Errorf("%s: got %+v\nwant %+v", step.name, got, step.want)
		}
		step.lift(&f)
	}
	f = limited()
	f.leaderless = true
	if got := diagnoseWaiting(f); got != noLeader {
		t.Errorf("without a leader: %+v", got)
	}
}

func TestRefusalWithoutLane(t *testing.T) {
	f := limited()
	f.queues = nil
	if got := f.refusal(); got != "denied the request: no" {
		t.Errorf("the status entry's words: %q", got)
	}
	f.history = nil
	if got := f.refusal(); !strings.Contains(got, "exceeded quota") {
		t.Errorf("the dry run's words: %q", got)
	}
}

// TestNextFreed: a freed place is of the queue that waits with the lowest share; one that is capped, paused or has no work
// gets none.
func TestNextFreed(t *testing.T) {
	own := worker.QueueView{Name: "own", Weight: 2, Live: 4, Waiting: 1}
	for name, test := range map[string]struct {
		other worker.QueueView
		want  string
	}{
		"lower":      {worker.QueueView{Name: "o", Weight: 3, Live: 5, Waiting: 1}, "the next freed is of queue o, which holds 5 at weight 3"},
		"equal":      {worker.QueueView{Name: "o", Weight: 3, Live: 6, Waiting: 1}, "the next freed is its own"},
		"higher":     {worker.QueueView{Name: "o", Weight: 3, Live: 7, Waiting: 1}, "the next freed is its own"},
		"no work":    {worker.QueueView{Name: "o", Weight: 3, Live: 0}, "the next freed is its own"},
		"at its cap": {worker.QueueView{Name: "o", Weight: 3, Live: 1, MaxWorkers: 1, Waiting: 1}, "the next freed is its own"},
		"paused":     {worker.QueueView{Name: "o", Weight: 3, Live: 1, Waiting: 1, Paused: &byKim}, "the next freed is its own"},
	} {
		if got := nextFreed(&own, []worker.QueueView{own, test.other}); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestCountAhead: events of the same queue with workers to start, sent before.
func TestCountAhead(t *testing.T) {
	running := taskRecord(2, "t", "web")
	running.Slots = running.Slots[1:]
	high := taskRecord(8, "t", "web")
	high.Event.Priority = "high"
	open := []worker.Record{taskRecord(1, "t", "web"), running, taskRecord(3, "t", "ml"), taskRecord(4, "u", "web"), taskRecord(5, "t", "web"), taskRecord(7, "t", "web")}
	if ahead, mixed := countAhead(open, &open[4].Event); ahead != 2 || mixed {
		t.Errorf("%d ahead, mixed: %v", ahead, mixed)
	}
	if ahead, mixed := countAhead(append(open, high), &open[4].Event); ahead != 2 || !mixed {
		t.Errorf("with another priority: %d ahead, mixed: %v", ahead, mixed)
	}
	f := limited()
	f.mixed = true
	if got := f.others(); !slices.Equal(got, []string{"about 14 events of its queue come first"}) {
		t.Errorf("%q", got)
	}
}

func TestStartDeadline(t *testing.T) {
	f := limited()
	f.id, f.record.Event.StartDeadline = testID, 2*time.Hour
	for at, accepted := range map[string]time.Time{"2025-08-31 19:03:22Z": {}, "2026-03-04 14:00:00Z": noon} {
		f.record.AcceptedAt = accepted
		got, _ := diagnoseDeadline(f)
		if want := "Start deadline 2h0m0s: workers without a Pod at " + at + " fail (StartDeadlineExceeded)."; got.What != want {
			t.Errorf("got %q, want %q", got.What, want)
		}
	}
}

func removal(e event.Event) *worker.Record {
	e.EventID = testID
	return &worker.Record{Event: e, Settled: true, Counts: worker.Counts{Cancelled: 2, Succeeded: 1}}
}

// TestDiagnoseRemoval covers open scale_downs and cancels: what they wait for, by name.
func TestDiagnoseRemoval(t *testing.T) {
	cancelEvent := removal(event.Event{Type: event.Cancel, Target: event.ID{Ms: 5}})
	cancelTask := removal(event.Event{Type: event.Cancel, Metadata: map[string]string{"task_id": "t"}})
	unsettled := removal(event.Event{Type: event.Cancel, Target: event.ID{Ms: 5}})
	unsettled.Settled = false
	down := removal(event.Event{Type: event.ScaleDown, PodCount: 4})
	down.Victims = make([]worker.Victim, 4)
	many := queueFacts{left: []string{"a", "b", "c", "d", "e", "f", "g"}}
	for name, test := range map[string]struct {
		facts facts
		want  string
	}{
		"event":        {facts{record: cancelEvent, queueFacts: many}, "Open: cancels event 5-0. 3 of its workers have their outcome, 7 have none yet. The others are terminating within the grace period of their Pods: a, b, c, d, e and 2 more."},
		"task":         {facts{record: cancelTask}, `Open: cancels task "t" of queue default. 3 of its workers have their outcome, 0 have none yet.`},
		"scale_down":   {facts{record: down, queueFacts: queueFacts{left: []string{"a"}}}, "Open: 4 workers selected, 3 of them have their outcome. The others are terminating within the grace period of their Pods: a."},
		"not selected": {facts{record: unsettled}, "Accepted, and its workers are not selected yet."},
		"no leader":    {facts{record: unsettled, leaderless: true}, noLeader.What},
	} {
		got := diagnose(test.facts)
		if len(got) != 1 || got[0].What != test.want {
			t.Errorf("%s: got %+v, want %q", name, got, test.want)
		}
	}
	if got := summarize(cancelTask); got != `: cancel of task "t" of queue default` {
		t.Errorf("%q", got)
	}
}

// TestLeftOf: a removal waits for its own workers without an outcome.
func TestLeftOf(t *testing.T) {
	names := event.NewNames(event.DefaultInstance, event.DefaultStream)
	done := taskRecord(1, "t", "")
	done.Slots[0].State = worker.StateCancelled
	open := []worker.Record{done, taskRecord(2, "t", "web"), taskRecord(3, "u", ""), taskRecord(9, "t", "")}
	cancelTask := event.Event{EventID: event.ID{Ms: 5}, Type: event.Cancel, Metadata: map[string]string{"task_id": "t"}}
	cancelEvent := event.Event{EventID: event.ID{Ms: 5}, Type: event.Cancel, Target: event.ID{Ms: 2}}
	for name, test := range map[string]struct {
		selected func(*event.Event, int) bool
		want     []string
	}{
		"task":    {func(e *event.Event, _ int) bool { return cancels(&cancelTask, e) }, []string{"otto-agent-2-1-0"}},
		"event":   {func(e *event.Event, _ int) bool { return cancels(&cancelEvent, e) }, []string{"otto-agent-1-2-0", "otto-agent-2-2-0"}},
		"victims": {selectedBy([]worker.Victim{{Event: event.ID{Ms: 1}, Slot: 1}, {Event: event.ID{Ms: 9}, Slot: 2}}), []string{"otto-agent-2-9-0"}},
	} {
		if diff := cmp.Diff(test.want, leftOf(open, names, test.selected)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestSummarize: what differs from a plain event is said.
func TestSummarize(t *testing.T) {
	if got := summarize(limited().record); got != `: scale_up, pod_count 2, task_id "task-123", template "big", queue "web", max_parallel 1` {
		t.Errorf("%q", got)
	}
}
