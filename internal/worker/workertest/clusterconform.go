package workertest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Clusters is an empty place for Pods, as the conformance suite needs it: the Cluster, and what others do to its Pods.
type Clusters struct {
	Cluster  worker.Cluster
	Names    event.Names
	Template string // of a Pod that runs until Finish, and takes a moment to stop

	Occupy  func(name string)           // makes a Pod that is nobody's
	Unlabel func(name string)           // takes our labels off a Pod
	Strip   func(name string)           // and our annotations too
	Finish  func(name string, code int) // ends a running Pod's container
}

// limit is far more than anything takes.
const limit = time.Minute

// TestCluster is the conformance suite of worker.Cluster: what the core relies on. fresh returns an empty one each time.
func TestCluster(t *testing.T, fresh func(t *testing.T) Clusters) {
	for name, test := range map[string]func(*testing.T, Clusters){
		"a created Pod is watched and known":         createdIsWatched,
		"created again, it exists":                   createdAgain,
		"created at once, one comes to be":           createdAtOnce,
		"a foreign Pod has the name":                 foreignName,
		"another worker's Pod has the name":          anotherWorkersName,
		"what was cut off is unknown":                cutOff,
		"only the Pod of that UID is deleted":        deletedByUID,
		"a name that came back is another Pod":       nameComesBack,
		"looking at what is there and what is not":   looking,
		"a Pod without its labels is still there":    unlabelled,
		"a Pod with nothing left on it is there":     stripped,
		"the watch begins with all there is":         watchBegins,
		"ends are seen":                              endsAreSeen,
		"a running Pod stops before it is gone":      stopsFirst,
		"a running Pod without grace is gone":        stopsAtOnce,
		"a Pod that has ended is gone without grace": endedGoes,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func (c Clusters) spec(slot int) worker.PodSpec {
	e := newEvent(first, 3, "")
	e.Template = c.Template
	return worker.PodSpec{Name: c.Names.Pod(first, slot, 1), Event: &e, Slot: slot, Attempt: 1}
}

func (c Clusters) create(t *testing.T, slot int) worker.PodRef {
	t.Helper()
	spec := c.spec(slot)
	uid, err := c.Cluster.Create(t.Context(), spec)
	if err != nil || uid == "" {
		t.Fatalf("Create: %q, %v", uid, err)
	}
	return worker.PodRef{Name: spec.Name, UID: uid}
}

func (c Clusters) look(t *testing.T, ref worker.PodRef) *worker.Observation {
	t.Helper()
	o, err := c.Cluster.Get(t.Context(), ref)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return o
}

// gone waits until the API server itself says so.
func (c Clusters) gone(t *testing.T, ref worker.PodRef) {
	t.Helper()
	for began := time.Now(); c.look(t, ref) != nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("%v does not go", ref)
		}
	}
}

// follower hears a Watch.
type follower struct {
	t     *testing.T
	first []worker.Observation // complete
	seen  chan worker.Observation
	stop  context.CancelFunc
	ended chan error
}

// follow starts a Watch and waits for its first, complete word.
func (c Clusters) follow(t *testing.T) *follower {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{t: t, seen: make(chan worker.Observation, 1000), stop: stop, ended: make(chan error, 1)}
	begun := make(chan struct{})
	var once sync.Once
	go func() {
		f.ended <- c.Cluster.Watch(ctx, func(obs []worker.Observation, complete bool) {
			once.Do(func() {
				if complete {
					f.first, obs = obs, nil
				}
				close(begun)
			})
			for _, o := range obs {
				f.seen <- o
			}
		})
	}()
	t.Cleanup(f.end)
	select {
	case <-begun:
	case <-time.After(limit):
		t.Fatal("the watch says nothing")
	}
	return f
}

func (f *follower) end() {
	f.stop()
	if err := <-f.ended; !errors.Is(err, context.Canceled) {
		f.t.Errorf("Watch returned %v", err)
	}
}

// await returns the first observation of the Pod that fits.
func (f *follower) await(what string, ref worker.PodRef, fits func(o worker.Observation) bool) worker.Observation {
	f.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case o := <-f.seen:
			if o.Ref == ref && fits(o) {
				return o
			}
		case <-timeout:
			f.t.Fatalf("the watch does not show %v %s", ref, what)
		}
	}
}

func running(o worker.Observation) bool {
	return o.Phase == worker.PhaseRunning && o.Node != "" && !o.Gone
}
func isGone(o worker.Observation) bool { return o.Gone }
func ended(o worker.Observation) bool  { return o.Phase.Ended() }

// created and running, in the sight of a follower.
func (c Clusters) start(t *testing.T, slot int) (*follower, worker.PodRef) {
	t.Helper()
	f := c.follow(t)
	ref := c.create(t, slot)
	f.await("running", ref, running)
	return f, ref
}

func wantIdentity(t *testing.T, o worker.Observation, slot int) {
	t.Helper()
	if o.Event != first || o.Slot != slot || o.Attempt != 1 {
		t.Errorf("it is of event %v, slot %d, attempt %d", o.Event, o.Slot, o.Attempt)
	}
}
