package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func getByRef(t *testing.T, c Clusters) {
	ref := c.create(t, 3)
	for _, wanted := range []worker.PodRef{ref, {Name: ref.Name}} {
		o := c.get(t, wanted)
		if o == nil || o.Ref != ref || o.Gone {
			t.Fatalf("Get of %v returned %+v", wanted, o)
		}
		wantIdentity(t, *o, 3)
		if want := c.spec(3).Event; o.Origin == nil || o.Origin.EventID != first || o.Origin.Hash() != want.Hash() ||
			!o.Origin.Timestamp.Equal(want.Timestamp) {
			t.Errorf("its event is %+v", o.Origin)
		}
	}
	for _, other := range []worker.PodRef{
		{Name: ref.Name, UID: "11111111-2222-3333-4444-555555555555"}, {Name: c.spec(1).Name}, {Name: c.spec(1).Name, UID: ref.UID},
	} {
		if o := c.get(t, other); o != nil {
			t.Errorf("Get of %v returned %+v", other, o)
		}
	}
}

func unlabelled(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	c.Unlabel(ref.Name)
	wantIdentity(t, f.await("gone", ref, isGone), 1)
	if again := c.follow(t); len(again.first) != 0 {
		t.Errorf("a new watch shows %+v", again.first)
	}
	o := c.get(t, ref)
	if o == nil || !running(*o) {
		t.Fatalf("Get returned %+v", o)
	}
	wantIdentity(t, *o, 1)
	if byName := c.get(t, worker.PodRef{Name: ref.Name}); byName == nil || byName.Ref != ref { // its annotations say whose it is
		t.Errorf("by name: %+v", byName)
	}
	if uid, err := c.Cluster.Create(t.Context(), c.spec(1)); !errors.Is(err, worker.ErrExists) || uid != ref.UID {
		t.Errorf("Create: %q, %v", uid, err)
	}
	if err := c.Cluster.Delete(t.Context(), ref, 0); err != nil {
		t.Errorf("deleting: %v", err)
	}
	c.waitGone(t, ref)
}

func stripped(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	c.Strip(ref.Name)
	f.await("gone", ref, isGone)
	o := c.get(t, ref)
	if o == nil || !running(*o) || o.Ref != ref {
		t.Fatalf("Get returned %+v", o)
	}
	if !o.Event.IsZero() || o.Slot != 0 || o.Attempt != 0 || o.Origin != nil {
		t.Errorf("with nothing on it, it is %+v", o)
	}
	if byName, err := c.Cluster.Get(t.Context(), worker.PodRef{Name: ref.Name}); !errors.Is(err, worker.ErrNameConflict) || byName != nil {
		t.Errorf("by name: %+v, %v", byName, err)
	}
	if uid, err := c.Cluster.Create(t.Context(), c.spec(1)); !errors.Is(err, worker.ErrNameConflict) || uid != "" {
		t.Errorf("Create: %q, %v", uid, err)
	}
	c.Finish(ref.Name, 7)
	if o := c.get(t, ref); o == nil || o.Phase != worker.PhaseFailed || o.ExitCode == nil || *o.ExitCode != 7 {
		t.Errorf("ended, it is %+v", o)
	}
}

func watchStartsComplete(t *testing.T, c Clusters) {
	one, two := c.create(t, 1), c.create(t, 2)
	c.Occupy("web")
	f := c.follow(t)
	seen := make(map[worker.PodRef]bool)
	for _, o := range f.first {
		wantIdentity(t, o, o.Slot)
		seen[o.Ref] = !o.Gone && o.Origin == nil
	}
	if len(seen) != 2 || !seen[one] || !seen[two] {
		t.Errorf("it begins with %+v", f.first)
	}
	three := c.create(t, 3)
	wantIdentity(t, f.await("created", three, func(o worker.Observation) bool { return !o.Gone }), 3)
}

func endsAreShown(t *testing.T, c Clusters) {
	for slot, code := range map[int]int{1: 0, 2: 7} {
		f, ref := c.start(t, slot)
		c.Finish(ref.Name, code)
		o := f.await("ended", ref, ended)
		want := worker.PhaseSucceeded
		if code != 0 {
			want = worker.PhaseFailed
		}
		if o.Gone || o.Phase != want || o.ExitCode == nil || *o.ExitCode != code || o.Reason == "" || time.Since(o.Finished).Abs() > limit {
			t.Errorf("ended with %d, it is %+v", code, o)
		}
	}
}
