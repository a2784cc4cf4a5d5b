package worker

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// viewInterval is how often the queues are published for people.
const viewInterval = 10 * time.Second

// views are the queues as they were last published.
type views struct {
	at        time.Time // when they are compared again; zero: a term has just begun
	published map[string]QueueView
}

func newViews() views { return views{published: make(map[string]QueueView)} }

// publishViews writes the queues that have changed.
func (s *state) publishViews() {
	if !s.listed || s.stopping || s.now.Before(s.views.at) {
		return
	}
	s.views.at = s.now.Add(viewInterval)
	var w View
	current := make(map[string]bool)
	for _, v := range s.queueViews() {
		current[v.Name] = true
		if old, ok := s.views.published[v.Name]; !ok || !reflect.DeepEqual(old, v) {
			w.Queues = append(w.Queues, v)
			s.views.published[v.Name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.views.published)) {
		if !current[name] {
			w.Gone = append(w.Gone, name)
			delete(s.views.published, name)
		}
	}
	if len(w.Queues)+len(w.Gone) > 0 {
		s.write(w)
	}
}

// queueViews are the queues now, in the order of their names.
func (s *state) queueViews() []QueueView {
	var all []QueueView
	for _, q := range s.scheduler.Views(s.now) {
		v := QueueView{
			Name: q.Name, Weight: q.Weight, MaxWorkers: q.MaxWorkers, Waiting: q.Waiting, Live: q.Live, Oldest: q.Oldest, Limit: q.Limit,
			Paused: s.pausedView(q.Name), Lanes: q.Lanes,
		}
		all = append(all, v)
	}
	return all
}

func (s *state) pausedView(name string) *Paused {
	for _, key := range []string{AllQueues, name} {
		if p, ok := s.controls.paused[key]; ok {
			return &p
		}
	}
	return nil
}
