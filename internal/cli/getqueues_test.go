package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var openLane = worker.LaneView{Template: "go", State: "open", Cause: "admission", Message: "failed calling webhook"}

// TestQueueRows: the state of a queue follows from what the leader published and from the pauses that are in force now.
func TestQueueRows(t *testing.T) {
	web := worker.QueueView{Name: "web", Weight: 3, MaxWorkers: 200, Waiting: 4, Live: 12, Oldest: noon.Add(-90 * time.Second), Limit: "capacity is used up"}
	pausedWeb := web
	pausedWeb.Paused, pausedWeb.Limit = &byKim, "paused"
	byName := func(q worker.QueueView, p *worker.Paused, limit string) worker.QueueView {
		q.Paused, q.Limit = p, limit
		return q
	}
	const kims = `paused by kim since 2026-03-04 12:00:00Z: "etcd upgrade"`
	for name, test := range map[string]struct {
		views  []worker.QueueView
		paused map[string]worker.Paused
		want   []queueRow
	}{
		"none":         {nil, nil, []queueRow{}},
		"waiting":      {[]worker.QueueView{web}, nil, []queueRow{{web, 4, "waiting"}}},
		"running":      {[]worker.QueueView{{Name: "a", Weight: 2, Live: 1}}, nil, []queueRow{{worker.QueueView{Name: "a", Weight: 2, Live: 1}, 0.5, "running"}}},
		"idle":         {[]worker.QueueView{{Name: "a", Weight: 2}}, nil, []queueRow{{worker.QueueView{Name: "a", Weight: 2}, 0, "idle"}}},
		"refused":      {[]worker.QueueView{{Name: "a", Lanes: []worker.LaneView{{State: "quota"}, openLane}}}, nil, []queueRow{{worker.QueueView{Name: "a", Lanes: []worker.LaneView{{State: "quota"}, openLane}}, 0, "refused"}}},
		"quota":        {[]worker.QueueView{{Name: "a", Lanes: []worker.LaneView{{State: "quota"}}}}, nil, []queueRow{{worker.QueueView{Name: "a", Lanes: []worker.LaneView{{State: "quota"}}}, 0, "quota"}}},
		"paused since": {[]worker.QueueView{web}, map[string]worker.Paused{"web": byKim}, []queueRow{{byName(web, &byKim, "queue web, "+kims), 4, "paused"}}},
		"all paused":   {[]worker.QueueView{web}, map[string]worker.Paused{"*": byKim}, []queueRow{{byName(web, &byKim, "all queues, "+kims), 4, "paused"}}},
		"resumed":      {[]worker.QueueView{pausedWeb}, nil, []queueRow{{byName(web, nil, ""), 4, "waiting"}}},
		"no events": {[]worker.QueueView{web}, map[string]worker.Paused{"ml": byKim}, []queueRow{
			{worker.QueueView{Name: "ml", Paused: &byKim, Limit: "queue ml, " + kims}, 0, "paused"}, {web, 4, "waiting"},
		}},
		"all, no events": {nil, map[string]worker.Paused{"*": byKim}, []queueRow{{worker.QueueView{Name: "*", Paused: &byKim, Limit: "all queues, " + kims}, 0, "paused"}}},
	} {
		if diff := cmp.Diff(test.want, queueRows(test.views, test.paused)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestQueueCells(t *testing.T) {
	rows := []queueRow{
		{worker.QueueView{Name: "ml", Lanes: []worker.LaneView{openLane, {State: "quota", Cause: "quota", Message: "exceeded"}}}, 0, "refused"},
		{worker.QueueView{Name: "web", Weight: 3, MaxWorkers: 200, Waiting: 4, Live: 13, Oldest: noon.Add(-90 * time.Second), Paused: &byKim, Limit: "l"}, 13.0 / 3, "paused"},
	}
	want := [][]string{
		{"ml", "", "", "0", "0", "0.0", "", "refused", "", "", "go (admission): failed calling webhook; (built-in) (quota): exceeded"},
		{"web", "3", "200", "4", "13", "4.3", "1m", "paused", "l", "kim", ""},
	}
	if diff := cmp.Diff(want, queueCells(rows, true, noon)); diff != "" {
		t.Errorf("wide (-want +got):\n%s", diff)
	}
	for i := range want {
		want[i] = want[i][:9]
	}
	if diff := cmp.Diff(want, queueCells(rows, false, noon)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
