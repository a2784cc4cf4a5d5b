package workertest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func wantPaused(t *testing.T, r Records, applied event.ID, want map[string]worker.Paused) {
	t.Helper()
	got, last, err := r.Controls().Load(t.Context())
	same := func(a, b worker.Paused) bool { return a.By == b.By && a.Reason == b.Reason && a.At.Equal(b.At) }
	if !maps.EqualFunc(got, want, same) || err != nil || last != applied {
		t.Errorf("paused is %v, the last command %v, %v; want %v, %v", got, last, err, want, applied)
	}
}

func pausesAreKept(t *testing.T, r Records) {
	wantPaused(t, r, event.ID{}, nil)
	web := worker.Paused{By: "kim", Reason: "registry is down", At: moment}
	all := worker.Paused{By: "lee", At: moment.Add(time.Hour)}
	commit(t, r,
		worker.Pause{Queue: "web", On: true, By: web.By, Reason: web.Reason, Command: first, At: web.At},
		worker.Pause{Queue: worker.AllQueues, On: true, By: all.By, Command: second, At: all.At})
	wantPaused(t, r, second, map[string]worker.Paused{"web": web, worker.AllQueues: all})
	begin(t, r)
	later := event.ID{Ms: 2000}
	commit(t, r, worker.Pause{Queue: "web", By: "kim", Command: later, At: moment})
	wantPaused(t, r, later, map[string]worker.Paused{worker.AllQueues: all})
	r.Flush()
	wantPaused(t, r, event.ID{}, nil)
}

func commandsComeInOrder(t *testing.T, r Records) {
	sent := []worker.Command{{Queue: "web", On: true, By: "kim", Reason: "registry is down"}, {Queue: worker.AllQueues, By: "lee"}}
	for i := range sent {
		sent[i].ID = r.Send(sent[i])
	}
	if sent[0].ID.Compare(sent[1].ID) >= 0 {
		t.Errorf("the IDs are %v and %v", sent[0].ID, sent[1].ID)
	}
	for skip, after := range []event.ID{{}, sent[0].ID, sent[1].ID} {
		got, err := r.Controls().Read(t.Context(), after)
		if !slices.Equal(got, sent[skip:]) || err != nil {
			t.Errorf("after %v: %v, %v; want %v", after, got, err, sent[skip:])
		}
	}
}

func refusalIsKept(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	commit(t, r, worker.Accept{Event: newEvent(first, 2, ""), At: moment}, worker.Refuse{ID: first, At: moment})
	begin(t, r)
	if rec := find(t, r, first); !rec.RefusedAt.Equal(moment) {
		t.Errorf("refused at %v, want %v", rec.RefusedAt, moment)
	}
	created := report(1, worker.StateCreated)
	created.Refused = true
	commit(t, r, worker.Progress{Report: created})
	if rec := find(t, r, first); !rec.RefusedAt.IsZero() {
		t.Errorf("a Pod was created, and it is refused since %v", rec.RefusedAt)
	}
}

func cancelSettles(t *testing.T, r Records) {
	r.Add(first, "type", "cancel")
	readOnce(t, r.Source())
	ev := newEvent(first, 0, "")
	ev.Type = event.Cancel
	commit(t, r, worker.Accept{Event: ev, At: moment}, worker.Cancel{ID: first, At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10), first)
	if rec := find(t, r, first); !rec.Settled || rec.Closed {
		t.Errorf("its record: %+v", rec)
	}
	r.Add(second, "type", "scale_up")
	wantIDs(t, idsOf(read(t, r.Source(), 1)), second)
}
