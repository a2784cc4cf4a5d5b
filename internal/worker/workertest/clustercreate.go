package workertest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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

func cancelledIsUnknown(t *testing.T, c Clusters) {
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
