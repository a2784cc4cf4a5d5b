package queue

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

const timeout = 15 * time.Minute

// TestVerdict: when the answer to an event's POST starts its clock, and when its time is over.
func TestVerdict(t *testing.T) {
	ago := func(d time.Duration) time.Time { return began.Add(-d) }
	for _, tt := range []struct {
		name     string
		accepted time.Time
		refused  time.Time                // of this event, as recorded
		lane     time.Time                // of another event of its lane, as recorded
		before   func(*Scheduler, Choice) // what happens before the answer
		answer   Answer
		want     Verdict
		slots    int // after it, of one
	}{
		{"first refusal", ago(time.Hour), time.Time{}, time.Time{}, nil, Refused, Verdict{FirstRefusal: true}, 1},
		{"refused for a while", ago(time.Hour), ago(14 * time.Minute), time.Time{}, nil, Refused, Verdict{}, 1},
		{"refused for too long", ago(time.Minute), ago(timeout), time.Time{}, nil, Refused, Verdict{Expired: true}, 0},
		{
			"its lane was refused for too long", ago(timeout),
			time.Time{},
			ago(timeout), nil, Refused,
			Verdict{FirstRefusal: true, Expired: true},
			0,
		},
		{"its lane was, but it is new", ago(time.Minute), time.Time{}, ago(time.Hour), nil, Refused, Verdict{FirstRefusal: true}, 1},
		{"its lane had a success since", ago(time.Hour), time.Time{}, ago(time.Hour), succeeds, Refused, Verdict{FirstRefusal: true}, 1},
		{"a success of its own", ago(time.Hour), ago(time.Hour), time.Time{}, succeedsItself, Refused, Verdict{FirstRefusal: true}, 1},
		{"a webhook that fails", ago(time.Hour), time.Time{}, time.Time{}, nil, Admission, Verdict{FirstRefusal: true, Opened: true}, 1},
		{"for too long", ago(time.Hour), ago(timeout), time.Time{}, nil, Admission, Verdict{Expired: true, Opened: true}, 0},
		{"nor is no answer", ago(time.Hour), ago(time.Hour), ago(time.Hour), nil, Unknown, Verdict{Opened: true}, 0},
		{"nor is a busy API server", ago(time.Hour), ago(time.Hour), ago(time.Hour), nil, Busy, Verdict{}, 1},
		{"nor is a missing right", ago(time.Hour), ago(time.Hour), ago(time.Hour), nil, Denied, Verdict{}, 1},
		{"nor is a name that is taken", ago(time.Hour), ago(time.Hour), ago(time.Hour), nil, Conflict, Verdict{}, 0},
		{"a quota that lets nothing live", ago(time.Hour), time.Time{}, time.Time{}, nil, Quota, Verdict{FirstRefusal: true}, 1},
		{"a quota for too long", ago(time.Hour), ago(timeout), time.Time{}, nil, Quota, Verdict{Expired: true}, 0},
		{"a full quota", ago(time.Hour), ago(time.Hour), ago(time.Hour), livesElsewhere, Quota, Verdict{}, 1},
		{"full until a moment ago", ago(time.Hour), ago(time.Hour), ago(time.Hour), livedElsewhere, Quota, Verdict{}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
			r := s.Add(Entry{ID: event.ID{Ms: 1}, Queue: "q", AcceptedAt: tt.accepted, RefusedAt: tt.refused, Slots: 1})
			s.Add(Entry{ID: event.ID{Ms: 2}, Queue: "q", AcceptedAt: began, RefusedAt: tt.lane, Slots: 1})
			c, _ := s.Next(began, 10)
			if c.Ref != r {
				t.Fatal("another event was chosen")
			}
			if tt.before != nil {
				tt.before(s, c)
			}
			got := s.Answer(began, c, tt.answer, "no")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if s.Slots(r) != tt.slots {
				t.Errorf("%d slots may start, want %d", s.Slots(r), tt.slots)
			}
			audit(t, s, nil)
		})
	}
}

// succeeds lets the other event of the lane have a Pod.
func succeeds(s *Scheduler, _ Choice) {
	c, _ := s.Next(began, 10)
	s.Answer(began, c, Created, "")
	s.Release(&c.Place)
}

// succeedsItself lets an earlier POST of the event have its Pod.
func succeedsItself(s *Scheduler, c Choice) {
	s.AddSlots(c.Ref, 1)
	succeeds(s, c)
}

// livesElsewhere lets another queue have a Pod of the template.
func livesElsewhere(s *Scheduler, _ Choice) {
	s.Occupy(s.Add(Entry{ID: event.ID{Ms: 3}, Queue: "other", AcceptedAt: began}))
}

func livedElsewhere(s *Scheduler, _ Choice) {
	p := s.Occupy(s.Add(Entry{ID: event.ID{Ms: 3}, Queue: "other", AcceptedAt: began}))
	s.Release(&p)
}

// TestClocksSurvive: a Scheduler of the next term, told what was recorded, judges as the old one would have.
func TestClocksSurvive(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
	w.reply = func(*job) Answer { return Refused }
	bad := w.add(Entry{Queue: "q", Slots: 2})
	w.run(time.Minute, 100*time.Millisecond)
	w.s = New(Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
	again := bad.Entry
	again.RefusedAt = began.Add(20 * time.Millisecond)
	w.jobs, w.posts = nil, nil
	bad = w.add(again)
	w.run(14*time.Minute-time.Second, 100*time.Millisecond)
	if bad.failed {
		t.Fatal("it failed before its time")
	}
	w.run(70*time.Second, 100*time.Millisecond)
	if !bad.failed {
		t.Error("it did not fail a minute after its time")
	}
}

// TestExpire: events are returned once their deadline has passed, if they have slots to start; again if they have anew.
func TestExpire(t *testing.T) {
	s := New(Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
	add := func(ms uint64, d time.Duration, slots int) Ref {
		e := Entry{ID: event.ID{Ms: ms}, Queue: "q", AcceptedAt: began, Slots: slots}
		if d > 0 {
			e.StartBy = began.Add(d)
		}
		return s.Add(e)
	}
	never := add(1, 0, 1)
	soon := add(2, time.Minute, 1)
	later := add(3, time.Hour, 1)
	started := add(4, time.Minute, 0)
	s.Pause(AllQueues, true)
	at := func(d, wake time.Duration, want ...Ref) {
		t.Helper()
		if got := s.Wake(began.Add(d)); !got.Equal(began.Add(wake)) {
			t.Errorf("after %v: to wake at %v", d, got)
		}
		if got := s.Expire(began.Add(d)); !slices.Equal(got, want) {
			t.Errorf("after %v: %v, want %v", d, got, want)
		}
	}
	at(59*time.Second, time.Minute)
	at(time.Minute, time.Minute, soon)
	at(2*time.Minute, time.Hour)
	s.AddSlots(started, 1) // its POST was refused
	at(2*time.Minute, time.Minute, started)
	s.AddSlots(later, -1)
	if got := s.Expire(began.Add(2 * time.Hour)); got != nil {
		t.Errorf("%v has nothing to start, %v no deadline: %v", later, never, got)
	}
}

// TestExpireBounded: a hundred thousand deadlines are not one step's work.
func TestExpireBounded(t *testing.T) {
	s := New(Limits{Create: 8}, policy(nil, nil))
	for i := range uint64(200) {
		s.Add(Entry{ID: event.ID{Ms: 1 + i}, Queue: "q", AcceptedAt: began, StartBy: began, Slots: 1})
	}
	var sizes []int
	for s.Wake(began.Add(time.Second)).Equal(began) {
		sizes = append(sizes, len(s.Expire(began.Add(time.Second))))
	}
	if !slices.Equal(sizes, []int{64, 64, 64, 8}) {
		t.Errorf("sizes %v", sizes)
	}
}

// TestTemplateChanged: what was refused is tried at once.
func TestTemplateChanged(t *testing.T) {
	for _, a := range []Answer{Refused, Admission, Quota} {
		w := newWorld(t, 1, Limits{Create: 8, PendingTimeout: time.Hour}, policy(nil, nil))
		w.reply = func(*job) Answer { return a }
		w.addAll(3, 1, "t")
		w.run(3*time.Minute, 100*time.Millisecond)
		w.reply = func(*job) Answer { return Created }
		p := policy(nil, map[string]TemplatePolicy{"t": {MaxWorkers: 100}})
		w.s.Apply(w.now, p)
		w.run(time.Second, 10*time.Millisecond)
		if len(w.pods) != 3 {
			t.Errorf("%v: %d of 3 Pods a second after the template's policy changed", a, len(w.pods))
		}
		audit(t, w.s, nil)
	}
}
