package cli

import (
	"context"
	"errors"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var testID = event.ID{Ms: 1756659802903}

// entry is a status entry of testID with these fields, as name, value, name, value.
func entry(pairs ...string) inspect.StatusEntry {
	e := inspect.StatusEntry{Fields: map[string]string{"event_id": testID.String(), "at": "2025-08-31T17:03:22.943Z"}}
	for i := 0; i < len(pairs); i += 2 {
		e.Fields[pairs[i]] = pairs[i+1]
	}
	return e
}

// record is the record of testID with slots in these states.
func record(states ...worker.State) *worker.Record {
	rec := &worker.Record{Event: event.Event{
		EventID: testID, Type: event.ScaleUp, PodCount: len(states), Template: "big", Metadata: map[string]string{"task_id": "task-123"},
	}}
	for _, s := range states {
		slot := worker.SlotRecord{State: s}
		if s != "" {
			slot.Attempt = 1
		}
		rec.Slots = append(rec.Slots, slot)
	}
	return rec
}

func podViews(all ...worker.Observation) []pods.PodView {
	var views []pods.PodView
	for _, o := range all {
		views = append(views, pods.PodView{Observation: o})
	}
	return views
}

// fakeStatus has entries that are there before the reader comes, and entries that follow.
type fakeStatus struct{ before, after []inspect.StatusEntry }

func (s *fakeStatus) History(context.Context, event.ID) ([]inspect.StatusEntry, string, error) {
	return s.before, "1-0", nil
}

func (s *fakeStatus) Follow(_ context.Context, _ event.ID, last string) ([]inspect.StatusEntry, string, error) {
	if last != "1-0" {
		return nil, last, errors.New("no more entries")
	}
	return s.after, "2-0", nil
}
