package workertest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// The tests of TestCluster.

func createdIsWatched(t *testing.T, c Clusters) {
	f := c.follow(t)
	ref := c.create(t, 2)
	o := f.await("created", ref, func(worker.Observation) bool { return true })
	wantIdentity(t, o, 2)
	if o.Gone || !o.Deleting.IsZero() || o.Phase.Ended() || time.Since(o.Created).Abs() > limit || o.Origin != nil {
		t.Errorf("new, it is %+v", o)
	}
	if o = f.await("running", ref, running); o.ExitCode != nil || !o.Finished.IsZero() || o.Waiting != worker.WaitingNone {
		t.Errorf("running, it is %+v", o)
	}
}

func createdAgain(t *testing.T, c Clusters) {
	ref := c.create(t, 1)
	for range 2 {
		if uid, err := c.Cluster.Create(t.Context(), c.spec(1)); !errors.Is(err, worker.ErrExists) || uid != ref.UID {
			t.Errorf("got %q, %v, want ErrExists and %q", uid, err, ref.UID)
		}
	}
}

func createdAtOnce(t *testing.T, c Clusters) {
	var group sync.WaitGroup
	var mu sync.Mutex
	made, uids := 0, make(map[string]bool)
	for range 8 {
		group.Go(func() {
			uid, err := c.Cluster.Create(t.Context(), c.spec(1))
			mu.Lock()
			defer mu.Unlock()
			uids[uid] = true
			if err == nil {
				made++
			} else if !errors.Is(err, worker.ErrExists) {
				t.Errorf("Create: %v", err)
			}
		})
	}
	group.Wait()
	if made != 1 || len(uids) != 1 {
		t.Errorf("%d were made, with the UIDs %v", made, uids)
	}
}

func foreignName(t *testing.T, c Clusters) {
	c.Occupy(c.spec(1).Name)
	if uid, err := c.Cluster.Create(t.Context(), c.spec(1)); !errors.Is(err, worker.ErrNameConflict) || uid != "" {
		t.Errorf("Create: %q, %v", uid, err)
	}
	if o, err := c.Cluster.Get(t.Context(), worker.PodRef{Name: c.spec(1).Name}); !errors.Is(err, worker.ErrNameConflict) || o != nil {
		t.Errorf("Get: %+v, %v", o, err)
	}
	if f := c.follow(t); len(f.first) != 0 {
		t.Errorf("the watch shows %+v", f.first)
	}
}

func anotherWorkersName(t *testing.T, c Clusters) {
	c.create(t, 1)
	other := c.spec(2)
	other.Name = c.spec(1).Name
	if uid, err := c.Cluster.Create(t.Context(), other); !errors.Is(err, worker.ErrNameConflict) || uid != "" {
		t.Errorf("Create: %q, %v", uid, err)
	}
}

func cutOff(t *testing.T, c Clusters) {
	ref := c.create(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Cluster.Create(ctx, c.spec(2)); !errors.Is(err, worker.ErrUnknown) {
		t.Errorf("Create: %v", err)
	}
	if err := c.Cluster.Delete(ctx, ref, -1); !errors.Is(err, worker.ErrUnknown) {
		t.Errorf("Delete: %v", err)
	}
	if o, err := c.Cluster.Get(ctx, ref); !errors.Is(err, worker.ErrUnknown) || o != nil {
		t.Errorf("Get: %+v, %v", o, err)
	}
}

func deletedByUID(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	if err := c.Cluster.Delete(t.Context(), worker.PodRef{Name: ref.Name}, -1); err == nil || errors.Is(err, worker.ErrGone) {
		t.Errorf("without a UID: %v", err)
	}
	other := worker.PodRef{Name: ref.Name, UID: "11111111-2222-3333-4444-555555555555"}
	if err := c.Cluster.Delete(t.Context(), other, -1); !errors.Is(err, worker.ErrGone) {
		t.Errorf("with another UID: %v", err)
	}
	missing := worker.PodRef{Name: c.spec(2).Name, UID: ref.UID}
	if err := c.Cluster.Delete(t.Context(), missing, -1); !errors.Is(err, worker.ErrGone) {
		t.Errorf("of no Pod: %v", err)
	}
	if o := c.look(t, ref); o == nil || !o.Deleting.IsZero() {
		t.Fatalf("the Pod was touched: %+v", o)
	}
	if err := c.Cluster.Delete(t.Context(), ref, -1); err != nil {
		t.Errorf("with its UID: %v", err)
	}
	f.await("gone", ref, isGone)
	c.gone(t, ref)
	if err := c.Cluster.Delete(t.Context(), ref, -1); !errors.Is(err, worker.ErrGone) {
		t.Errorf("again: %v", err)
	}
}

func nameComesBack(t *testing.T, c Clusters) {
	old := c.create(t, 1)
	if err := c.Cluster.Delete(t.Context(), old, 0); err != nil {
		t.Fatal(err)
	}
	c.gone(t, old)
	next := c.create(t, 1)
	if next.UID == old.UID {
		t.Fatalf("both are %v", next)
	}
	if o := c.look(t, old); o != nil {
		t.Errorf("the old one is %+v", o)
	}
	if err := c.Cluster.Delete(t.Context(), old, 0); !errors.Is(err, worker.ErrGone) {
		t.Errorf("deleting the old one: %v", err)
	}
	if o := c.look(t, next); o == nil || !o.Deleting.IsZero() {
		t.Errorf("the new one is %+v", o)
	}
}

func looking(t *testing.T, c Clusters) {
	ref := c.create(t, 3)
	for _, asked := range []worker.PodRef{ref, {Name: ref.Name}} {
		o := c.look(t, asked)
		if o == nil || o.Ref != ref || o.Gone {
			t.Fatalf("asked for %v, got %+v", asked, o)
		}
		wantIdentity(t, *o, 3)
		if want := c.spec(3).Event; o.Origin == nil || o.Origin.EventID != first || o.Origin.Hash() != want.Hash() ||
			!o.Origin.Timestamp.Equal(want.Timestamp) {
			t.Errorf("its event is %+v", o.Origin)
		}
	}
	for _, asked := range []worker.PodRef{
		{Name: ref.Name, UID: "11111111-2222-3333-4444-555555555555"}, {Name: c.spec(1).Name}, {Name: c.spec(1).Name, UID: ref.UID},
	} {
		if o := c.look(t, asked); o != nil {
			t.Errorf("asked for %v, got %+v", asked, o)
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
	o := c.look(t, ref)
	if o == nil || !running(*o) {
		t.Fatalf("looked at, it is %+v", o)
	}
	wantIdentity(t, *o, 1)
	byName := worker.PodRef{Name: ref.Name}
	if o, err := c.Cluster.Get(t.Context(), byName); !errors.Is(err, worker.ErrNameConflict) || o != nil {
		t.Errorf("by name: %+v, %v", o, err)
	}
	if uid, err := c.Cluster.Create(t.Context(), c.spec(1)); !errors.Is(err, worker.ErrNameConflict) || uid != "" {
		t.Errorf("Create: %q, %v", uid, err)
	}
	if err := c.Cluster.Delete(t.Context(), ref, 0); err != nil {
		t.Errorf("deleting: %v", err)
	}
	c.gone(t, ref)
}

func stripped(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	c.Strip(ref.Name)
	f.await("gone", ref, isGone)
	o := c.look(t, ref)
	if o == nil || !running(*o) || o.Ref != ref {
		t.Fatalf("looked at, it is %+v", o)
	}
	if !o.Event.IsZero() || o.Slot != 0 || o.Attempt != 0 || o.Origin != nil {
		t.Errorf("with nothing on it, it is %+v", o)
	}
	c.Finish(ref.Name, 7)
	if o := c.look(t, ref); o == nil || o.Phase != worker.PhaseFailed || o.ExitCode == nil || *o.ExitCode != 7 {
		t.Errorf("ended, it is %+v", o)
	}
}

func watchBegins(t *testing.T, c Clusters) {
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

func endsAreSeen(t *testing.T, c Clusters) {
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

func stopsFirst(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	before := time.Now()
	if err := c.Cluster.Delete(t.Context(), ref, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	o := f.await("terminating", ref, func(o worker.Observation) bool { return !o.Deleting.IsZero() || o.Gone })
	if o.Gone || !running(o) {
		t.Errorf("at first it is %+v", o)
	}
	if over := o.Deleting.Sub(before); over < 18*time.Second || over > 20*time.Second+limit {
		t.Errorf("its grace is over %v after the DELETE", over)
	}
	if seen := c.look(t, ref); seen != nil && seen.Deleting.IsZero() {
		t.Errorf("looked at, it is %+v", seen)
	}
	f.await("gone", ref, isGone)
	c.gone(t, ref)
}

func stopsAtOnce(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	if err := c.Cluster.Delete(t.Context(), ref, 0); err != nil {
		t.Fatal(err)
	}
	if o := c.look(t, ref); o != nil {
		t.Errorf("it is still there: %+v", o)
	}
	wantIdentity(t, f.await("gone", ref, isGone), 1)
}

func endedGoes(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	c.Finish(ref.Name, 0)
	f.await("ended", ref, ended)
	if err := c.Cluster.Delete(t.Context(), ref, -1); err != nil {
		t.Fatal(err)
	}
	if o := c.look(t, ref); o != nil {
		t.Errorf("it is still there: %+v", o)
	}
	if o := f.await("gone", ref, isGone); o.Phase != worker.PhaseSucceeded {
		t.Errorf("the last of it is %+v", o)
	}
}
