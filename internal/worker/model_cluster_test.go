package worker

import (
	"fmt"
	"slices"
	"time"
)

// lateLimit is how long a POST may still be carried out after its timeout. It is far below SucceededTTL, during which the
// Pod itself keeps its name taken.
const lateLimit = 5 * time.Second

// latePost is a POST that timed out and that may still be carried out.
type latePost struct {
	spec  PodSpec
	until time.Time
}

// modelGrace is the grace period of a DELETE.
const modelGrace = 30 * time.Second

// createPod is the API server's POST.
func (m *model) createPod(p PodSpec) (string, error) {
	if m.takenNames[p.Name] {
		return "", ErrNameConflict
	}
	switch old := m.pods[p.Name]; {
	case old == nil:
	case old.unreadable:
		return "", ErrNameConflict
	default:
		return old.obs.Ref.UID, ErrExists
	}
	if m.posted[p.Name] > 0 {
		m.fatal("%s is created a second time", p.Name)
	}
	m.addPod(p)
	if n := m.podsHoldingCapacity(); n > m.set.MaxWorkers && !m.latePostRan {
		m.fatal("%d Pods hold capacity: at most %d, the core counts %d: %v", n, m.set.MaxWorkers, m.core.holding(), m.podNames())
	}
	return m.pods[p.Name].obs.Ref.UID, nil
}

func (m *model) addPod(p PodSpec) {
	m.uids++
	m.posted[p.Name]++
	m.pods[p.Name] = &modelPod{spec: p, obs: Observation{
		Ref: PodRef{p.Name, fmt.Sprint("uid-", m.uids)}, Event: p.Event.EventID, Slot: p.Slot, Attempt: p.Attempt, Created: m.now,
	}}
	m.showPod(p.Name)
}

// runLatePost carries out the i-th late POST.
func (m *model) runLatePost(i int) {
	l := m.late[i]
	m.late = slices.Delete(m.late, i, i+1)
	if m.now.After(l.until) || m.now.Before(l.until.Add(-lateLimit)) || m.posted[l.spec.Name] > 0 || m.takenNames[l.spec.Name] {
		return
	}
	m.latePostRan = true
	m.addPod(l.spec)
}

// deletePod is the API server's DELETE: a Pod that runs on a node gets its grace period, any other is gone at once.
func (m *model) deletePod(name string) {
	p := m.pods[name]
	switch {
	case p.obs.Phase.Ended() || p.obs.Node == "":
		m.removePod(name)
	case p.obs.Deleting.IsZero():
		p.obs.Deleting = m.now.Add(modelGrace)
		m.showPod(name)
	}
}

// deliverWatch delivers the n oldest watch events.
func (m *model) deliverWatch(n int) {
	n = min(n, len(m.watched))
	if n > 0 {
		batch := slices.Clone(m.watched[:n])
		m.watched = m.watched[n:]
		m.step(observed{batch, false})
	}
}

// list is a relist. It replaces the watch events that are not delivered yet, but for those of Pods that it lacks.
func (m *model) list() {
	buffer := newObservationBuffer()
	buffer.put(m.watched, false)
	m.watched = nil
	var batch []Observation
	for _, name := range m.podNames() {
		if p := m.pods[name]; !p.edited() {
			batch = append(batch, p.obs)
		}
	}
	buffer.put(batch, true)
	for complete := false; !complete; {
		in := buffer.take()
		m.step(in)
		complete = in.complete
	}
}

func (m *model) podNames() []string {
	var names []string
	for n := range m.pods {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// checkCreate fails unless the event is accepted and the worker has no outcome.
func (m *model) checkCreate(p PodSpec) {
	rec := m.records[p.Event.EventID]
	for _, name := range []string{AllQueues, p.Event.Queue} {
		if _, paused := m.paused[name]; paused {
			m.fatal("%s is created, and %s is paused", p.Name, name)
		}
	}
	switch {
	case rec == nil:
		m.fatal("%s is created before its event is recorded", p.Name)
	case rec.Closed || rec.Slots[p.Slot-1].State.IsOutcome():
		m.fatal("%s is created although its worker has an outcome", p.Name)
	case m.selected[Victim{p.Event.EventID, p.Slot}], m.isCancelled(Victim{p.Event.EventID, p.Slot}):
		m.fatal("%s is created although its worker is selected", p.Name)
	case p.Attempt > 1 && rec.Slots[p.Slot-1].State != StateRetrying && rec.Slots[p.Slot-1].Attempt != p.Attempt:
		m.fatal("%s is created although attempt %d is not over", p.Name, p.Attempt-1)
	}
}

// checkRemove fails unless the end of the Pod's attempt is recorded.
func (m *model) checkRemove(ref PodRef) {
	p := m.pods[ref.Name]
	if ref.UID == "" {
		m.fatal("%s is deleted without its UID", ref.Name)
	}
	if p == nil || p.obs.Ref != ref {
		return
	}
	rec := m.records[p.obs.Event]
	_, closed := m.closed[p.obs.Event]
	if rec == nil && !closed {
		m.fatal("%s is deleted, and its event has no record", ref.Name)
	}
	if rec == nil || rec.Closed || m.selected[Victim{p.obs.Event, p.obs.Slot}] || m.isCancelled(Victim{p.obs.Event, p.obs.Slot}) {
		return
	}
	sl := rec.Slots[p.obs.Slot-1]
	if !sl.State.IsOutcome() && sl.Attempt <= p.obs.Attempt && sl.State != StateRetrying {
		m.fatal("%s is deleted before its end is recorded (%s)", ref.Name, sl.State)
	}
}

// podsHoldingCapacity counts the Pods that may run, as an observer of the cluster would. It leaves out stuck Pods, whose
// worker may have its outcome already, and edited Pods whose worker has its outcome: a new term does not see them, and once
// their metadata is restored a POST may be in flight.
func (m *model) podsHoldingCapacity() int {
	n := 0
	for name, p := range m.pods {
		hidden := p.wasEdited && !m.hasOpenWorker(name)
		stuck := p.obs.Waiting != WaitingNone || p.obs.Node == "" && m.now.Sub(p.obs.Created) >= m.set.PendingTimeout ||
			!p.obs.Deleting.IsZero() && m.now.Sub(p.obs.Deleting) >= goneTimeout-modelGrace ||
			!p.obs.NodeDown.IsZero() && m.now.Sub(p.obs.NodeDown) >= nodeDownTimeout ||
			!p.obs.Starting.IsZero() && m.now.Sub(p.obs.Starting) >= m.set.StartTimeout
		if !p.obs.Phase.Ended() && !stuck && !hidden {
			n++
		}
	}
	return n
}

// hasOpenWorker reports whether the record of the Pod's worker says created or running.
func (m *model) hasOpenWorker(name string) bool {
	p := m.pods[name]
	rec := m.records[p.obs.Event]
	if rec == nil || rec.Closed || p.obs.Phase.Ended() {
		return false
	}
	sl := rec.Slots[p.obs.Slot-1]
	return sl.UID == p.obs.Ref.UID && (sl.State == StateCreated || sl.State == StateRunning)
}

// anyHiddenLeft reports whether an edited Pod is left of a closed event.
func (m *model) anyHiddenLeft() bool {
	for _, p := range m.pods {
		if rec := m.records[p.obs.Event]; p.edited() && (rec == nil || rec.Closed) {
			return true
		}
	}
	return false
}

// checkAbsence fails on a write that calls a Pod missing or deleted that exists.
func (m *model) checkAbsence(x Write) {
	var r Report
	switch x := x.(type) {
	case Progress:
		r = x.Report
	case Outcome:
		r = x.Report
	}
	p := m.pods[m.set.Names.Pod(r.ID, max(r.Slot, 1), max(r.Attempt, 1))]
	if (r.Reason == "Missing" || r.Reason == "Deleted") && p != nil && p.obs.Ref.UID == r.UID {
		m.fatal("%s is %s (%s), and its Pod exists", r.Worker, r.State, r.Reason)
	}
}
