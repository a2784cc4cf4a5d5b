package k8s

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

// wall is an eventStore: what stands on it, and every request in short.
type wall struct {
	mu       sync.Mutex
	requests []string // reason and count, in their order
	at       []time.Time
	counts   map[string]int // by the Event's name
	fails    error          // nothing is done, and this is the answer
	lost     bool           // it is done, and nobody is told
}

var events = schema.GroupResource{Resource: "events"}

func (w *wall) write(_ context.Context, e eventWrite) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	verb := "create"
	if e.made {
		verb = "patch"
	}
	w.requests, w.at = append(w.requests, verb+" "+e.event.Reason), append(w.at, time.Now())
	if w.fails != nil {
		return w.fails
	}
	switch n := w.counts[e.event.Name]; {
	case e.made && n == 0:
		return apierrors.NewNotFound(events, e.event.Name)
	case !e.made && n > 0:
		return apierrors.NewAlreadyExists(events, e.event.Name)
	}
	w.counts[e.event.Name] = int(e.count)
	if w.lost {
		return context.DeadlineExceeded
	}
	return nil
}

// set changes what becomes of requests. Time alone may let the Recorder go on, so every look and every change is locked.
func (w *wall) set(change func(w *wall)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *wall) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

func (w *wall) events() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.counts)
}

func (w *wall) total() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.counts {
		n += c
	}
	return n
}

type recording struct {
	*Recorder
	wall *wall
	log  *strings.Builder
}

// recorded runs a Recorder in a bubble, where time costs nothing.
func recorded(t *testing.T, test func(t *testing.T, r recording)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := recording{&Recorder{
			RecorderOptions: RecorderOptions{Namespace: "ci", Deployment: "main", Identity: "pod-1", Logger: slog.New(slog.NewTextHandler(&log, nil))},
			wake:            make(chan struct{}, 1),
		}, &wall{counts: make(map[string]int)}, &log}
		r.store = r.wall
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		test(t, r)
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

func (r recording) say(reason, about string, times int) {
	for range times {
		r.Record(kubeevents.Notice{Reason: reason, Action: "Park", About: about, What: "what", Fix: "OTTO301: then"})
	}
	synctest.Wait()
}

func (r recording) kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

func (r recording) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRecorderSaysNothing(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		r.sleep(24 * time.Hour)
		if len(r.wall.asked()) > 0 {
			t.Errorf("requests: %v", r.wall.asked())
		}
	})
}

// Ten thousand of one kind in a minute are one Event and seven requests, ten seconds between them, and none is forgotten.
func TestRecorderCounts(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		for range 600 {
			r.say("TemplateParked", "big", 17)
			r.sleep(100 * time.Millisecond)
		}
		r.sleep(tellEvery)
		if r.wall.events() != 1 || r.wall.total() != 10200 {
			t.Errorf("%d Events, count %d", r.wall.events(), r.wall.total())
		}
		if diff := cmp.Diff([]string{"create TemplateParked"}, r.wall.asked()[:1]); diff != "" || len(r.wall.asked()) > 8 {
			t.Errorf("requests: %v", r.wall.asked())
		}
		for i := 1; i < len(r.wall.at); i++ {
			if gap := r.wall.at[i].Sub(r.wall.at[i-1]); gap < tellEvery {
				t.Errorf("a request after %v", gap)
			}
		}
	})
}

// What needs different things is told apart, at once, and there is an end to it.
func TestRecorderIsBounded(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		r.say("TemplateParked", "big", 1)
		r.say("TemplateParked", "small", 1)
		r.say("WorkerLost", "big", 1)
		if r.wall.events() != 3 {
			t.Errorf("Events: %v", r.wall.asked())
		}
		for i := range 10_000 {
			r.say("TemplateParked", fmt.Sprint(i), 1)
		}
		if r.kept() != maxSeries || r.wall.events() != maxSeries {
			t.Errorf("%d in memory, %d Events", r.kept(), r.wall.events())
		}
		r.sleep(quietAfter + time.Second)
		r.say("TemplateParked", "late", 1)
		if r.kept() != 1 || r.wall.events() != maxSeries+1 {
			t.Errorf("after a silence: %d in memory, %d Events", r.kept(), r.wall.events())
		}
	})
}

// After a long silence, and after Kubernetes has forgotten the Event, it is a new one, which counts from one.
func TestRecorderBeginsAnew(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		r.say("WorkerLost", "", 3)
		r.sleep(quietAfter + time.Minute)
		r.say("WorkerLost", "", 1)
		if r.wall.events() != 2 {
			t.Errorf("Events: %v", r.wall.counts)
		}
		r.wall.set(func(w *wall) { clear(w.counts) })
		r.say("WorkerLost", "", 2)
		r.sleep(tellEvery)
		if r.wall.events() != 1 || r.wall.total() != 2 || r.log.Len() > 0 {
			t.Errorf("%v, log: %s", r.wall.counts, r.log)
		}
	})
}

// Where they are denied one line says so, and nothing is asked for five minutes.
func TestRecorderDenied(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		r.wall.set(func(w *wall) { w.fails = apierrors.NewForbidden(events, "", errors.New("no")) })
		for range 29 {
			r.say("TemplateParked", "", 1)
			r.say("WorkerLost", "", 1)
			r.sleep(20 * time.Second)
		}
		if n := len(r.wall.asked()); n != 2 {
			t.Errorf("%d requests in ten minutes", n)
		}
		if got := strings.Count(r.log.String(), "\n"); got != 1 || !strings.Contains(r.log.String(), "an Event could not be written") {
			t.Errorf("log: %s", r.log)
		}
		r.wall.set(func(w *wall) { w.fails = nil })
		r.sleep(restDenied)
		if r.wall.total() != 58 {
			t.Errorf("once granted, %d of 58 are told", r.wall.total())
		}
	})
}

// A try whose answer was lost is tried again under the same name, and what came meanwhile is counted.
func TestRecorderLostAnswer(t *testing.T) {
	recorded(t, func(t *testing.T, r recording) {
		r.wall.set(func(w *wall) { w.lost = true })
		r.say("WorkerLost", "", 1)
		r.wall.set(func(w *wall) { w.lost = false })
		r.say("WorkerLost", "", 4)
		r.sleep(restFailed + tellEvery)
		want := []string{"create WorkerLost", "create WorkerLost", "patch WorkerLost"}
		if diff := cmp.Diff(want, r.wall.asked()); diff != "" || r.wall.events() != 1 || r.wall.total() != 5 {
			t.Errorf("%v, requests (-want +got):\n%s", r.wall.counts, diff)
		}
	})
}

// Who does not lead writes nothing, and forgets.
func TestRecorderOfAStandby(t *testing.T) {
	r := &Recorder{RecorderOptions: RecorderOptions{Deployment: "main"}, wake: make(chan struct{}, 1)}
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.all) > 0 {
		t.Error("it is kept")
	}
	r.begin()
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.all) != 1 {
		t.Error("a leader keeps nothing")
	}
	r.end()
	r.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(r.all) > 0 {
		t.Error("who leads no more keeps it")
	}
	r.begin()
	if len(r.all) > 0 {
		t.Error("the next lead has it still")
	}
	nobody := &Recorder{wake: make(chan struct{}, 1)}
	nobody.begin()
	nobody.Record(kubeevents.Notice{Reason: "WorkerLost"})
	if len(nobody.all) > 0 {
		t.Error("there is nothing it could be about")
	}
}
