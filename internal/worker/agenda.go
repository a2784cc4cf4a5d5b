package worker

// maxEffects is how many effects one step may add for what waits, besides those of its input: whatever waits, a step stays
// small.
const maxEffects = 256

// chore is work that may be too much for one step.
type chore interface {
	// do goes on until it is done or the step has no budget left.
	do(s *state) (done bool)
}

// agenda is the chores that are not done, oldest first.
type agenda struct {
	chores []chore
	more   bool // the last step ended for want of budget
}

func (a *agenda) push(c chore) { a.chores = append(a.chores, c) }

func (a *agenda) empty() bool { return len(a.chores) == 0 }

// hasBudget reports whether this step may add effects for what waits.
func (s *state) hasBudget() bool { return len(s.out) < s.budget }

// unfinished reports whether the last step left something undone that another one can do at once.
func (s *state) unfinished() bool { return s.agenda.more || s.listed && !s.agenda.empty() }

// runAgenda works on the chores, the oldest first.
func (s *state) runAgenda() {
	s.budget = len(s.out) + maxEffects
	s.agenda.more = false
	if !s.listed {
		return
	}
	for len(s.agenda.chores) > 0 {
		if !s.agenda.chores[0].do(s) {
			s.agenda.more = true
			return
		}
		s.agenda.chores[0] = nil
		s.agenda.chores = s.agenda.chores[1:]
	}
	s.agenda.chores = nil
}
