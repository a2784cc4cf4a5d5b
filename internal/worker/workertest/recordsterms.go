package workertest

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// refuses checks that a Journal writes nothing, not even at a second attempt.
func refuses(t *testing.T, r Records, j worker.Journal) {
	t.Helper()
	for range 2 {
		if err := j.Commit(t.Context(), []worker.Write{worker.Accept{Event: newEvent(first, 1, ""), At: moment}}); err == nil {
			t.Error("it wrote")
		}
		if err := j.Commit(t.Context(), nil); err == nil {
			t.Error("its term is not over")
		}
	}
	if rec := find(t, r, first); rec != nil {
		t.Errorf("a record: %+v", rec)
	}
}

func onlyNewestWrites(t *testing.T, r Records) {
	if err := r.Commit(t.Context(), nil); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
	next := r.Another()
	if !begin(t, next) {
		t.Error("the second term does not know the first")
	}
	refuses(t, r, r)
	if err := next.Commit(t.Context(), []worker.Write{worker.Accept{Event: newEvent(second, 1, ""), At: moment}}); err != nil {
		t.Errorf("the newest term: %v", err)
	}
	r.Add(second, "type", "scale_up") // the last accepted ID belongs to a stream
	begin(t, r)
	refuses(t, r, next)
}

func emptiedRedisEndsTheTerm(t *testing.T, r Records) {
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	r.Flush()
	refuses(t, r, r)
	if known := begin(t, r); known {
		t.Error("the emptied Redis knows of a term")
	}
	wantIDs(t, open(t, r, event.ID{}, 10))
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
}

func writesNeedATerm(t *testing.T, r Records) { refuses(t, r, r.Another()) }
