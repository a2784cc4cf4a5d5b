package queue

import (
	"testing"
	"time"
)

// TestTogether: of POSTs that were in flight together the first answer counts: one cut, one pause, not one for each.
func TestTogether(t *testing.T) {
	for _, tt := range []struct {
		answer Answer
		limit  int
		pause  time.Duration // of the rest
		shut   time.Duration // of the lane
	}{
		{Created, 20, 0, 0},
		{Busy, 14, 250 * time.Millisecond, 0},
		{Denied, 20, 250 * time.Millisecond, 0},
		{Unknown, 14, 0, 250 * time.Millisecond},
		{Admission, 20, 0, 250 * time.Millisecond},
		{Refused, 20, 0, 5 * time.Second},
		{Quota, 20, 0, 0},
	} {
		s := New(Limits{Create: 20, PendingTimeout: timeout}, policy(nil, nil))
		for i := range 8 {
			e := waitingEntry(i)
			e.Queue = []string{"one", "two"}[i%2]
			s.Add(e)
		}
		var together []Choice
		for c, ok := s.Next(began, 100); ok; c, ok = s.Next(began, 100) {
			together = append(together, c)
		}
		for i, c := range together { // answers trickle in, longer than the first pause lasts
			s.Answer(began.Add(time.Duration(i)*100*time.Millisecond), c, tt.answer, "because")
		}
		l := together[0].lane
		if len(together) != 8 || s.Limit() != tt.limit || s.rest.pause != tt.pause || l.breaker.pause != tt.shut {
			t.Errorf("%v: after %d POSTs the limit is %d, the rest %v, the lane shut for %v",
				tt.answer, len(together), s.Limit(), s.rest.pause, l.breaker.pause)
		}
	}
}

// TestLimiter: one more for each round of successes, up to the ceiling; never none.
func TestLimiter(t *testing.T) {
	l := newLimiter(10)
	post := uint64(0)
	cut := func() { post += 10; l.cut(post, post) }
	succeed := func(n int) {
		for range n {
			l.succeeded()
		}
	}
	expect := func(when string, limit int) {
		t.Helper()
		if l.limit != limit {
			t.Errorf("%s: %d, want %d", when, l.limit, limit)
		}
	}
	cut()
	expect("after a cut", 7)
	succeed(6)
	expect("after not quite a round", 7)
	succeed(1)
	expect("after a round", 8)
	succeed(1000)
	expect("after a thousand", 10)
	for range 20 {
		cut()
	}
	expect("after twenty cuts", 1)
	succeed(1)
	expect("after a success", 2)
	if l := newLimiter(0); l.limit != 1 || l.trials() != 1 || l.others() != 1 {
		t.Errorf("a limit of none: %+v", l)
	}
}

// TestTrialCutsNothing: that a lane which is shut fails again says nothing new of the API server.
func TestTrialCutsNothing(t *testing.T) {
	s := New(Limits{Create: 20, PendingTimeout: timeout}, policy(nil, nil))
	e := waitingEntry(0)
	e.Slots = 10
	s.Add(e)
	now := began
	for i, limit := range []int{14, 14, 14} {
		c, ok := s.Next(now, 10)
		if !ok || c.Trial != (i > 0) {
			t.Fatalf("POST %d: %v, trial %v", i, ok, c.Trial)
		}
		if s.Answer(now, c, Unknown, "because"); s.Limit() != limit {
			t.Errorf("after POST %d: limit %d, want %d", i, s.Limit(), limit)
		}
		now = now.Add(time.Second)
	}
}
