package metrics

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Queues without configuration share the label other, and have no series of their own: producers could make any number.
var queueGauges = []gauge{
	{"queue_waiting_events", "Open events of the queue with workers that have not started.", []string{"queue"}},
	{"queue_live_workers", "Workers of the queue that hold a place: they have a Pod, or it is being created.", []string{"queue"}},
	{"queue_weight", "The queue's weight, the same in every replica; of other: that of each.", []string{"queue"}},
	{
		"queue_max_workers", "How many workers of the queue may have a Pod at once, the same in every replica; 0: no cap of its own.",
		[]string{"queue"},
	},
	{"queue_weighted_share", "Places that the queue holds, divided by its weight; of other: the highest.", []string{"queue"}},
	{"queue_paused", "1 while somebody has paused the queue, or all queues, else 0; of other: any of them.", []string{"queue"}},
	{"breakers_open", "How many queues the API server accepts no Pods of, by template and by what it answers.", []string{"template", "cause"}},
	{"create_limit", "How many Pods may be created at once now; at most OTTO_CREATE_CONCURRENCY.", nil},
	{"quota_credits", "Places freed under a full quota that are yet to be tried.", nil},
}

// breakerCauses are why a breaker opens. A full quota opens none.
var breakerCauses = []string{"refused", "admission", "unknown", other}

// queueTotals are the queues behind one label.
type queueTotals struct {
	waiting, live int
	share         float64
	paused        bool
}

func (t *queueTotals) add(v *worker.QueueView) {
	t.waiting += v.Waiting
	t.live += v.Live
	t.share = max(t.share, float64(v.Live)/float64(max(1, v.Weight)))
	t.paused = t.paused || v.Paused != nil
}

func (s *stateCollector) queues(snap *worker.Snapshot, set setter) {
	set("create_limit", float64(snap.CreateLimit))
	set("quota_credits", float64(snap.QuotaCredits))
	totals := make(map[string]*queueTotals)
	labels := s.names.queues()
	for _, label := range labels {
		totals[label] = &queueTotals{paused: snap.AllPaused}
	}
	for i := range snap.Queues {
		v := &snap.Queues[i]
		if t := totals[s.names.queue(v.Name)]; t != nil { // nil: a reload came between
			t.add(v)
		}
	}
	for _, label := range labels {
		t, policy := totals[label], s.names.policyOf(label)
		set("queue_waiting_events", float64(t.waiting), label)
		set("queue_live_workers", float64(t.live), label)
		set("queue_weight", float64(policy.Weight), label)
		set("queue_max_workers", float64(policy.MaxWorkers), label)
		set("queue_weighted_share", t.share, label)
		set("queue_paused", toFloat(t.paused), label)
	}
	s.breakers(snap.Queues, set)
}

type breaker struct{ template, cause string }

func (s *stateCollector) breakers(views []worker.QueueView, set setter) {
	open := make(map[breaker]int)
	for _, template := range append(s.names.templates(), other) {
		for _, cause := range breakerCauses {
			open[breaker{template, cause}] = 0
		}
	}
	for i := range views {
		for _, b := range s.openBreakers(&views[i]) {
			open[b]++
		}
	}
	for b, n := range open {
		set("breakers_open", float64(n), b.template, b.cause)
	}
}

// openBreakers are those of one queue, each once however many shapes it has.
func (s *stateCollector) openBreakers(v *worker.QueueView) []breaker {
	var all []breaker
	for i := range v.Lanes {
		b := breaker{s.names.template(v.Lanes[i].Template), listed(breakerCauses, v.Lanes[i].Cause)}
		if v.Lanes[i].State == worker.LaneOpen && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	return all
}
