package recorder

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

func TestNoNoticeNoRequest(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		r.sleep(24 * time.Hour)
		if len(r.fake.sent()) > 0 {
			t.Errorf("requests: %v", r.fake.sent())
		}
	})
}

// Ten thousand equal notices in a minute are one Event and seven requests, ten seconds apart, and each is counted.
func TestRecorderCounts(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		for range 600 {
			r.record("TemplateParked", "big", 17)
			r.sleep(100 * time.Millisecond)
		}
		r.sleep(minInterval)
		if r.fake.events() != 1 || r.fake.total() != 10200 {
			t.Errorf("%d Events, count %d", r.fake.events(), r.fake.total())
		}
		if diff := cmp.Diff([]string{"create TemplateParked"}, r.fake.sent()[:1]); diff != "" || len(r.fake.sent()) > 8 {
			t.Errorf("requests: %v", r.fake.sent())
		}
		for i := 1; i < len(r.fake.at); i++ {
			if gap := r.fake.at[i].Sub(r.fake.at[i-1]); gap < minInterval {
				t.Errorf("a request after %v", gap)
			}
		}
	})
}

// Notices that differ become Events of their own, at once, up to a limit.
func TestRecorderIsBounded(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		r.record("TemplateParked", "big", 1)
		r.record("TemplateParked", "small", 1)
		r.record("WorkerLost", "big", 1)
		if r.fake.events() != 3 {
			t.Errorf("Events: %v", r.fake.sent())
		}
		for i := range 10_000 {
			r.record("TemplateParked", fmt.Sprint(i), 1)
		}
		if r.kept() != maxSeries || r.fake.events() != maxSeries {
			t.Errorf("%d in memory, %d Events", r.kept(), r.fake.events())
		}
		r.sleep(seriesExpiry + time.Second)
		r.record("TemplateParked", "late", 1)
		if r.kept() != 1 || r.fake.events() != maxSeries+1 {
			t.Errorf("after the expiry: %d in memory, %d Events", r.kept(), r.fake.events())
		}
	})
}

// Long after the last notice, and after Kubernetes has deleted the Event, the next notice begins a new one, which counts from one.
func TestRecorderBeginsNewEvent(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		r.record("WorkerLost", "", 3)
		r.sleep(seriesExpiry + time.Minute)
		r.record("WorkerLost", "", 1)
		if r.fake.events() != 2 {
			t.Errorf("Events: %v", r.fake.counts)
		}
		r.fake.set(func(s *fakeStore) { clear(s.counts) })
		r.record("WorkerLost", "", 2)
		r.sleep(minInterval)
		if r.fake.events() != 1 || r.fake.total() != 2 || r.log.Len() > 0 {
			t.Errorf("%v, log: %s", r.fake.counts, r.log)
		}
	})
}

// Where Events are forbidden one line is logged, and nothing is sent for five minutes.
func TestRecorderForbidden(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		r.fake.set(func(s *fakeStore) { s.fails = apierrors.NewForbidden(events, "", errors.New("no")) })
		for range 29 {
			r.record("TemplateParked", "", 1)
			r.record("WorkerLost", "", 1)
			r.sleep(20 * time.Second)
		}
		if n := len(r.fake.sent()); n != 2 {
			t.Errorf("%d requests in ten minutes", n)
		}
		if got := strings.Count(r.log.String(), "\n"); got != 1 || !strings.Contains(r.log.String(), string(errcode.EventNotWritten)) {
			t.Errorf("log: %s", r.log)
		}
		r.fake.set(func(s *fakeStore) { s.fails = nil })
		r.sleep(pauseForbidden)
		if r.fake.total() != 58 {
			t.Errorf("once granted, %d of 58 are counted", r.fake.total())
		}
	})
}

// A request whose answer was lost is retried with the same name, and notices since then are counted.
func TestRecorderLostAnswer(t *testing.T) {
	run(t, func(t *testing.T, r recording) {
		r.fake.set(func(s *fakeStore) { s.lost = true })
		r.record("WorkerLost", "", 1)
		r.fake.set(func(s *fakeStore) { s.lost = false })
		r.record("WorkerLost", "", 4)
		r.sleep(pauseFailed + minInterval)
		want := []string{"create WorkerLost", "create WorkerLost", "patch WorkerLost"}
		if diff := cmp.Diff(want, r.fake.sent()); diff != "" || r.fake.events() != 1 || r.fake.total() != 5 {
			t.Errorf("%v, requests (-want +got):\n%s", r.fake.counts, diff)
		}
	})
}

// A standby writes nothing and keeps no notices.
func TestRecorderOfAStandby(t *testing.T) {
	r := &Recorder{Options: Options{Deployment: "main"}, wake: make(chan struct{}, 1)}
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.series) > 0 {
		t.Error("a standby keeps a notice")
	}
	r.begin()
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.series) != 1 {
		t.Error("a leader keeps nothing")
	}
	r.end()
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.series) > 0 {
		t.Error("a former leader keeps a notice")
	}
	r.begin()
	if len(r.series) > 0 {
		t.Error("the next term has the notice")
	}
	unnamed := &Recorder{wake: make(chan struct{}, 1)}
	unnamed.begin()
	unnamed.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(unnamed.series) > 0 {
		t.Error("a notice is kept that no Event can be about")
	}
}
