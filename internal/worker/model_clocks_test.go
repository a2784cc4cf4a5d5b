package worker

func (m *model) setClock(x Clock) {
	if x.At.IsZero() {
		delete(m.clocks, x.Name)
		return
	}
	m.clocks[x.Name] = x.At
}

// checkRunsOnce fails when a worker whose Pod is on record as running is retried, and the infrastructure did not end it.
func (m *model) checkRunsOnce(r Report) {
	pod := PodRef{m.set.Names.Pod(r.ID, r.Slot, r.Attempt), r.UID}
	switch {
	case r.State == StateRunning:
		m.ran[pod] = true
	case r.State == StateRetrying && m.ran[pod] && !m.disrupted[pod]:
		m.fatal("%s is run again (%s) although it ran", r.Worker, r.Reason)
	}
}
