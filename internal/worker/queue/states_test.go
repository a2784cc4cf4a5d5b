package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// limited is a Scheduler of two queues, of which web has a cap of two workers, and gpu one of one.
type limited struct {
	*Scheduler
	now time.Time
	seq uint64
}

func newLimited() *limited {
	p := policy(map[string]QueuePolicy{"web": {Weight: 3, MaxWorkers: 2}}, map[string]TemplatePolicy{"gpu": {MaxWorkers: 1}})
	return &limited{Scheduler: New(Limits{Create: 4, PendingTimeout: timeout}, p), now: began}
}

func (l *limited) add(queue, template string, slots, parallel int) Ref {
	l.seq++
	return l.Add(Entry{
		ID: event.ID{Ms: l.seq}, Queue: queue, Template: template, AcceptedAt: began.Add(time.Duration(l.seq)), Slots: slots,
		MaxParallel: parallel,
	})
}

// send starts what is next and, unless a is 0, answers.
func (l *limited) send(a Answer) {
	c, ok := l.Next(l.now, 10)
	if !ok {
		panic("nothing starts")
	}
	if a != 0 {
		l.Answer(l.now, c, a, "because")
	}
}

func (l *limited) limitOf(queue string) string {
	for _, v := range l.Views(l.now) {
		if v.Name == queue {
			return v.Limit
		}
	}
	return "no such queue"
}

// TestLimit: what is said of a queue is the first limit that binds.
func TestLimit(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*limited)
		want string // of web: how it begins; empty: no limit
	}{
		{"nothing waits", func(l *limited) { l.Remove(1) }, ""},
		{"its turn", func(l *limited) { l.add("web", "", 1, 0); l.Next(l.now, 1); l.add("web", "", 1, 0) }, ""},
		{"all paused", func(l *limited) { l.Pause(AllQueues, true); l.Pause("web", true) }, "all queues are paused"},
		{"paused", func(l *limited) { l.send(Busy); l.Pause("web", true) }, "queue web is paused"},
		{"rest", func(l *limited) { l.send(Busy) }, `the API server rests after "because"`},
		{"permits", func(l *limited) {
			l.add("ml", "", 4, 0)
			for range 4 {
				l.send(0)
			}
			l.add("web", "", 1, 0)
			l.Next(l.now, 0)
		}, "requests to create Pods in flight: 4 of 4"},
		{"capacity", func(l *limited) { l.Next(l.now, 0) }, "capacity is used up"},
		{"template's cap", func(l *limited) {
			l.Occupy(l.add("ml", "gpu", 0, 0))
			l.Remove(l.Find(event.ID{Ms: 1}))
			l.add("web", "gpu", 1, 0)
		}, `template "gpu" is at its cap of 1`},
		{"queue's cap", func(l *limited) { l.Occupy(1); l.Occupy(1) }, "queue web is at its cap of 2"},
		{"lane shut", func(l *limited) { l.send(Admission) }, `its lane is shut: "because"; next trial at 17:03:22`},
		{"trial", func(l *limited) {
			l.add("ml", "", 1, 0)
			l.Pause("web", true)
			l.send(Admission)
			l.Pause("web", false)
			l.Pause("ml", true)
		}, `template "" fails for others: it waits for its trial`},
		{"quota", func(l *limited) { l.send(Quota) }, `quota is full: "because"`},
		{"window", func(l *limited) {
			l.at(1).lane.window = 1
			l.add("web", "", 2, 0)
			l.send(0)
		}, "requests for its Pods in flight: 1 of 1"},
		{"refused", func(l *limited) { l.send(Refused) }, "its Pod was refused; next try at 17:03:27"},
		{"max_parallel", func(l *limited) {
			l.add("web", "", 2, 1)
			l.Remove(1)
			l.send(Created)
		}, "max_parallel"},
		{"another lane is ready", func(l *limited) { l.send(Admission); l.add("web", "other", 1, 0) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLimited()
			l.capacity = 10
			l.add("web", "", 1, 0)
			tt.do(l)
			if got := l.limitOf("web"); !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("limit %q, want %q", got, tt.want)
			}
		})
	}
}

// TestViews: queues of the policy are seen before they have an event, others as long as they have one.
func TestViews(t *testing.T) {
	l := newLimited()
	l.add("ml", "gpu", 1, 0)
	l.send(Admission)
	l.Unpack(l.Add(waitingEntry(5)))
	l.Add(waitingEntry(7))
	l.Occupy(l.add("ml", "", 0, 0))
	want := []QueueState{
		{Name: "default", Weight: 1, Waiting: 2, Oldest: began.Add(5 * time.Millisecond)},
		{
			Name: "ml", Weight: 1, Waiting: 1, Live: 1, Oldest: began, Limit: `its lane is shut: "because"; next trial at 17:03:22`,
			Lanes: []LaneState{{
				Template: "gpu", State: "open", Cause: "admission", Message: "because",
				Since: began, Next: began.Add(250 * time.Millisecond),
			}},
		},
		{Name: "web", Weight: 3, MaxWorkers: 2},
	}
	if diff := cmp.Diff(want, l.Views(l.now)); diff != "" {
		t.Error(diff)
	}
	if got := l.Wake(l.now); !got.Equal(began.Add(250 * time.Millisecond)) {
		t.Errorf("to wake at %v", got)
	}
}

// TestApply: weights and caps count at once; a queue that is no longer named has the defaults, and is forgotten with its last
// event. A pause is kept whether or not there is such a queue.
func TestApply(t *testing.T) {
	l := newLimited()
	r := l.add("web", "", 1, 0)
	l.Pause("later", true)
	l.Apply(l.now, policy(nil, nil))
	want := []QueueState{{Name: "web", Weight: 1, Waiting: 1, Oldest: began}}
	if diff := cmp.Diff(want, l.Views(l.now), cmp.FilterPath(
		func(p cmp.Path) bool { return p.String() == "Limit" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	l.Remove(r)
	if got := l.Views(l.now); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	l.add("later", "", 1, 0)
	if _, ok := l.Next(l.now, 10); ok {
		t.Error("a worker of a queue was started that was paused before it had events")
	}
	l.Pause("later", false)
	if _, ok := l.Next(l.now, 10); !ok {
		t.Error("nothing starts after the queue was resumed")
	}
	audit(t, l.Scheduler, []Choice{{lane: l.at(l.Find(event.ID{Ms: 2})).lane}})
}

// TestShapes: a line has at most 64 lanes, whatever producers think of.
func TestShapes(t *testing.T) {
	l := newLimited()
	for i := range uint64(200) {
		l.Add(Entry{ID: event.ID{Ms: 1 + i}, Queue: "q", Shape: string(rune('A' + i)), AcceptedAt: began, Slots: 1})
	}
	lanes := l.queues["q"].lines[0].lanes
	if len(lanes) != maxLanes || lanes[maxLanes-1].members != 200-maxLanes+1 || lanes[0].members != 1 {
		t.Errorf("%d lanes, %d events in the last one", len(lanes), lanes[len(lanes)-1].members)
	}
	audit(t, l.Scheduler, nil)
}
