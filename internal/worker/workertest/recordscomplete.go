package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func wantComplete(t *testing.T, r Records, known bool, want event.ID) {
	t.Helper()
	if got := start(t, r); got.Known != known || got.CompleteSince != want {
		t.Errorf("the term starts with %+v, want known %v, complete since %v", got, known, want)
	}
}

// flushAndAdd empties Redis; a producer is faster than the next term.
func flushAndAdd(r Records, id event.ID) {
	r.Flush()
	r.Add(id, "type", "scale_up")
}

func completeIsKept(t *testing.T, r Records) {
	flushAndAdd(r, first)
	wantComplete(t, r, false, first)
	r.Add(second, "type", "scale_up")
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	wantComplete(t, r, true, first)
	commit(t, r, worker.Settle{ID: second, At: moment}, worker.Close{ID: second, Slots: succeeded(1), At: moment})
	r.Forget(second)
	wantComplete(t, r, true, first)
	if rec := find(t, r, second); rec != nil {
		t.Errorf("the record of a closed event after its time: %+v", rec)
	}
}

func completeAfterFlush(t *testing.T, r Records) {
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Complete{Since: first})
	flushAndAdd(r, second)
	wantComplete(t, r, false, second)
	wantComplete(t, r, true, second)
}

func completeWithoutStream(t *testing.T, r Records) {
	before := event.ID{Ms: uint64(time.Now().Add(-time.Minute).UnixMilli())}
	r.Flush()
	got := start(t, r)
	after := event.ID{Ms: uint64(time.Now().Add(time.Minute).UnixMilli())}
	if got.Known || got.CompleteSince.Compare(before) < 0 || got.CompleteSince.Compare(after) > 0 {
		t.Errorf("the term starts with %+v, want complete since now", got)
	}
	wantComplete(t, r, true, got.CompleteSince)
}

// completeOfReplacedStream: the stream is another one, and Redis has all its other keys.
func completeOfReplacedStream(t *testing.T, r Records) {
	flushAndAdd(r, event.ID{Ms: 1})
	wantComplete(t, r, false, event.ID{Ms: 1})
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
	r.Drop()
	got := start(t, r)
	if !got.Known || !got.LastAccepted.IsZero() || got.CompleteSince != (event.ID{Ms: 1}) {
		t.Errorf("the term starts with %+v", got)
	}
	wantIDs(t, open(t, r, event.ID{}, 10), first)
}

func completeMoves(t *testing.T, r Records) {
	for _, id := range []event.ID{second, first, {Ms: 7}} {
		commit(t, r, worker.Complete{Since: id})
		wantComplete(t, r, true, id)
	}
}

func lostIsTold(t *testing.T, r Records) {
	r.Add(second, "type", "scale_up")
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	r.Forget(first)
	begin(t, r)
	wantIDs(t, open(t, r, event.ID{}, 10), second)
	if rec, err := r.Find(t.Context(), first); rec != nil || !errors.Is(err, worker.ErrRecordLost) {
		t.Errorf("found %+v, error %v", rec, err)
	}
	commit(t, r, worker.Restore{Record: worker.Record{Event: newEvent(first, 1, "")}, At: moment})
	if rec := find(t, r, first); rec == nil {
		t.Error("the restored record is not found")
	}
	if rec := find(t, r, event.ID{Ms: 7}); rec != nil {
		t.Errorf("a record of nothing: %+v", rec)
	}
}
