package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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
	if o := c.get(t, ref); o == nil || !o.Deleting.IsZero() {
		t.Fatalf("the Pod was touched: %+v", o)
	}
	if err := c.Cluster.Delete(t.Context(), ref, -1); err != nil {
		t.Errorf("with its UID: %v", err)
	}
	f.await("gone", ref, isGone)
	c.waitGone(t, ref)
	if err := c.Cluster.Delete(t.Context(), ref, -1); !errors.Is(err, worker.ErrGone) {
		t.Errorf("again: %v", err)
	}
}

func reusedName(t *testing.T, c Clusters) {
	old := c.create(t, 1)
	if err := c.Cluster.Delete(t.Context(), old, 0); err != nil {
		t.Fatal(err)
	}
	c.waitGone(t, old)
	next := c.create(t, 1)
	if next.UID == old.UID {
		t.Fatalf("both are %v", next)
	}
	if o := c.get(t, old); o != nil {
		t.Errorf("the old one is %+v", o)
	}
	if err := c.Cluster.Delete(t.Context(), old, 0); !errors.Is(err, worker.ErrGone) {
		t.Errorf("deleting the old one: %v", err)
	}
	if o := c.get(t, next); o == nil || !o.Deleting.IsZero() {
		t.Errorf("the new one is %+v", o)
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
	if seen := c.get(t, ref); seen != nil && seen.Deleting.IsZero() {
		t.Errorf("Get returned %+v", seen)
	}
	f.await("gone", ref, isGone)
	c.waitGone(t, ref)
}

func stopsAtOnce(t *testing.T, c Clusters) {
	f, ref := c.start(t, 1)
	if err := c.Cluster.Delete(t.Context(), ref, 0); err != nil {
		t.Fatal(err)
	}
	if o := c.get(t, ref); o != nil {
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
	if o := c.get(t, ref); o != nil {
		t.Errorf("it is still there: %+v", o)
	}
	if o := f.await("gone", ref, isGone); o.Phase != worker.PhaseSucceeded {
		t.Errorf("the last of it is %+v", o)
	}
}
