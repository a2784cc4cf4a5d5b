package worker

import (
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// controls are what the operator says: policy and pauses; and the cancels that are being carried out.
type controls struct {
	policy  *queue.Policy
	applied event.ID            // the last command that was decided on
	paused  map[string]Paused   // by queue, AllQueues among them: recorded or about to be
	newest  map[string]event.ID // the last command about each queue
	cancels []*trackedEvent     // in force, and with workers not selected yet
}

func newControls(p *queue.Policy) controls {
	return controls{policy: p, paused: make(map[string]Paused), newest: make(map[string]event.ID)}
}

// loadControls restores what earlier commands left in force, before anything starts.
func (s *state) loadControls(in loaded) {
	s.controls.applied = higher(s.controls.applied, in.applied)
	for _, name := range slices.Sorted(maps.Keys(in.paused)) {
		s.controls.paused[name] = in.paused[name]
		s.scheduler.Pause(name, true)
	}
}

// applyCommands applies commands. A pause holds at once, a resume only when it is recorded: a crash in between starts nothing that is
// paused.
func (s *state) applyCommands(batch []Command) {
	for _, c := range batch {
		if c.ID.Compare(s.controls.applied) <= 0 {
			continue
		}
		s.controls.applied, s.controls.newest[c.Queue] = c.ID, c.ID
		if c.On {
			s.controls.paused[c.Queue] = Paused{By: c.By, At: s.now, Reason: c.Reason}
			s.scheduler.Pause(c.Queue, true)
		}
		s.write(Pause{Queue: c.Queue, On: c.On, By: c.By, Reason: c.Reason, Command: c.ID, At: s.now})
	}
}

// pauseCommitted resumes a queue when that is recorded, unless there is a newer command about it.
func (s *state) pauseCommitted(p Pause) {
	if p.On || s.controls.newest[p.Queue] != p.Command {
		return
	}
	delete(s.controls.newest, p.Queue)
	delete(s.controls.paused, p.Queue)
	s.scheduler.Pause(p.Queue, false)
}

// reload takes over what the operator has changed.
func (s *state) reload(in reloaded) {
	s.controls.policy, s.Rules = in.policy, in.rules
	s.scheduler.Apply(s.now, in.policy)
	for _, name := range in.templates {
		s.scheduler.TemplateChanged(name)
	}
}
