package worker

import "time"

func (m *model) showPod(name string) {
	if m.pods[name].obs.Disrupted {
		m.disrupted[m.pods[name].obs.Ref] = true
	}
	switch p := m.pods[name]; {
	case p.unlabelled:
	case p.unreadable:
		m.watched = append(m.watched, Observation{Ref: p.obs.Ref, Gone: p.obs.Gone})
	default:
		m.watched = append(m.watched, p.obs)
	}
}

// edited reports whether a list of our Pods leaves the Pod out.
func (p *modelPod) edited() bool { return p.unlabelled || p.unreadable }

func (m *model) removePod(name string) {
	m.showGone(name)
	delete(m.pods, name)
}

func (m *model) showGone(name string) {
	m.pods[name].obs.Gone = true
	m.showPod(name)
	m.pods[name].obs.Gone = false
}

// removeLabels hides a Pod from the watch alone: the watch shows it as gone.
func (m *model) removeLabels(name string) {
	m.showGone(name)
	m.pods[name].unlabelled, m.pods[name].wasEdited = true, true
}

// breakAnnotations makes a Pod's annotations unreadable.
func (m *model) breakAnnotations(name string) {
	m.pods[name].unreadable, m.pods[name].wasEdited = true, true
	m.showPod(name)
}

// restoreMetadata undoes removeLabels and breakAnnotations.
func (m *model) restoreMetadata(name string) {
	m.pods[name].unlabelled, m.pods[name].unreadable = false, false
	m.showPod(name)
}

// setPhase is the kubelet: the Pod enters the phase, unless it is past it.
func (m *model) setPhase(name string, to Phase) {
	p := m.pods[name]
	if p.obs.Phase.Ended() || to < p.obs.Phase {
		return
	}
	p.obs.Phase, p.obs.Node, p.obs.Ran = to, "node-1", true
	p.obs.Gated, p.obs.Starting, p.obs.NodeDown = false, time.Time{}, time.Time{}
	if to.Ended() {
		code := 0
		if to == PhaseFailed {
			code = 7
		}
		p.obs.ExitCode, p.obs.Finished = &code, m.now
	}
	m.showPod(name)
}

// deletable reports whether others may delete the Pod: the guarantee excepts a deletion between its creation and its record.
func (m *model) deletable(name string) bool {
	p := m.pods[name]
	rec := m.records[p.obs.Event]
	return rec == nil || rec.Closed || rec.Slots[p.obs.Slot-1].Attempt >= p.obs.Attempt
}
