package queue

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestWake: the next moment at which time alone changes something is known; of several the first.
func TestWake(t *testing.T) {
	const never = 0
	for _, tt := range []struct {
		name   string
		slots  int
		answer Answer // 0: no POST
		after  time.Duration
		want   time.Duration // from the beginning
	}{
		{"nothing to start", 0, 0, 0, never},
		{"something that may start", 1, 0, 0, never},
		{"a rest", 1, Busy, 0, 250 * time.Millisecond},
		{"a rest that is over", 1, Busy, time.Second, never},
		{"a rest, but nothing to start", 1, Conflict, 0, never},
		{"a shut lane", 1, Admission, 0, 250 * time.Millisecond},
		{"a shut lane whose trial is due", 1, Admission, time.Second, never},
		{"a shut lane with nothing to start", 1, Unknown, 0, never},
		{"an event set aside", 1, Refused, 0, 5 * time.Second},
		{"a full quota", 1, Quota, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
			s.Add(Entry{ID: event.ID{Ms: 1}, Queue: "q", AcceptedAt: began, Slots: tt.slots})
			if tt.answer != 0 {
				c, _ := s.Next(began, 10)
				s.Answer(began, c, tt.answer, "because")
			}
			want := time.Time{}
			if tt.want != never {
				want = began.Add(tt.want)
			}
			if got := s.Wake(began.Add(tt.after)); !got.Equal(want) {
				t.Errorf("to wake at %v, want %v", got, want)
			}
		})
	}
}

// TestClockGoesBack: a computer's time that is set back changes no pause, and nothing comes loose.
func TestClockGoesBack(t *testing.T) {
	s := New(Limits{Create: 8, PendingTimeout: timeout}, policy(nil, nil))
	s.Add(Entry{ID: event.ID{Ms: 1}, Queue: "q", AcceptedAt: began, Slots: 1})
	c, _ := s.Next(began, 10)
	s.Answer(began, c, Admission, "because")
	if _, ok := s.Next(began.Add(-time.Hour), 10); ok {
		t.Error("a lane was tried while it is shut")
	}
	if _, ok := s.Next(began.Add(250*time.Millisecond), 10); !ok {
		t.Error("a lane was not tried when its pause was over")
	}
}
