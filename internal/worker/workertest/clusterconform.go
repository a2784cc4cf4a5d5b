package workertest

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Clusters is an empty Cluster with what the conformance suite needs besides: what other users do to its Pods.
type Clusters struct {
	Cluster  worker.Cluster
	Names    event.Names
	Template string // its Pods run until Finish, and take a moment to stop

	Occupy  func(name string)           // creates a Pod of another owner
	Unlabel func(name string)           // removes our labels from a Pod
	Strip   func(name string)           // removes our labels and annotations
	Finish  func(name string, code int) // ends a running Pod's container
}

// limit is far longer than any operation takes.
const limit = time.Minute

// TestCluster is the conformance suite of worker.Cluster: what the core relies on. fresh returns an empty Cluster
// each time.
func TestCluster(t *testing.T, fresh func(t *testing.T) Clusters) {
	for name, test := range map[string]func(*testing.T, Clusters){
		"a created Pod is watched":                   createdIsWatched,
		"created again, it exists":                   createdAgain,
		"created concurrently, it exists once":       createdAtOnce,
		"another owner's Pod has the name":           foreignName,
		"another worker's Pod has the name":          anotherWorkersName,
		"a cancelled request is unknown":             cancelledIsUnknown,
		"only the Pod of that UID is deleted":        deletedByUID,
		"a reused name is another Pod":               reusedName,
		"get finds a Pod by name, and by UID":        getByRef,
		"a Pod without labels still exists":          unlabelled,
		"a Pod without annotations still exists":     stripped,
		"the watch starts with a complete list":      watchStartsComplete,
		"the watch shows how Pods end":               endsAreShown,
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

func (c Clusters) get(t *testing.T, ref worker.PodRef) *worker.Observation {
	t.Helper()
	o, err := c.Cluster.Get(t.Context(), ref)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return o
}

// waitGone waits until the API server does not have the Pod any more.
func (c Clusters) waitGone(t *testing.T, ref worker.PodRef) {
	t.Helper()
	for began := time.Now(); c.get(t, ref) != nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Fatalf("%v does not go", ref)
		}
	}
}

func wantIdentity(t *testing.T, o worker.Observation, slot int) {
	t.Helper()
	if o.Event != first || o.Slot != slot || o.Attempt != 1 {
		t.Errorf("it is of event %v, slot %d, attempt %d", o.Event, o.Slot, o.Attempt)
	}
}
