package worker

import (
	"fmt"
	"slices"
	"time"
)

// The world's Kubernetes: Pods, and what a watcher of them would call a breach.

// checkCreate: create only what is accepted and has no outcome.
func (w *world) checkCreate(p PodSpec) {
	rec := w.records[p.Event.EventID]
	switch {
	case rec == nil:
		w.fatal("%s is created before its event is recorded", p.Name)
	case rec.Closed || rec.Slots[p.Slot-1].State.IsOutcome():
		w.fatal("%s is created although its worker has an outcome", p.Name)
	case w.doomed[Victim{p.Event.EventID, p.Slot}]:
		w.fatal("%s is created although a scale_down took its worker", p.Name)
	case p.Attempt > 1 && rec.Slots[p.Slot-1].State != StateRetrying && rec.Slots[p.Slot-1].Attempt != p.Attempt:
		w.fatal("%s is created although attempt %d is not over", p.Name, p.Attempt-1)
	}
}

// checkRemove: record before delete.
func (w *world) checkRemove(ref PodRef) {
	p := w.pods[ref.Name]
	if ref.UID == "" {
		w.fatal("%s is deleted without its UID", ref.Name)
	}
	if p == nil || p.obs.Ref != ref {
		return
	}
	rec := w.records[p.obs.Event]
	_, closed := w.closed[p.obs.Event]
	if rec == nil && !closed {
		w.fatal("%s is deleted and nothing is known of it", ref.Name)
	}
	if rec == nil || rec.Closed || w.doomed[Victim{p.obs.Event, p.obs.Slot}] {
		return
	}
	sl := rec.Slots[p.obs.Slot-1]
	if !sl.State.IsOutcome() && sl.Attempt <= p.obs.Attempt && sl.State != StateRetrying {
		w.fatal("%s is deleted before its end is recorded (%s)", ref.Name, sl.State)
	}
}

// post is the API server.
func (w *world) post(p PodSpec) (string, error) {
	if w.foreign[p.Name] {
		return "", ErrNameConflict
	}
	switch old := w.pods[p.Name]; {
	case old == nil:
	case old.edited():
		return "", ErrNameConflict
	default:
		return old.obs.Ref.UID, ErrExists
	}
	if w.posted[p.Name] > 0 {
		w.fatal("%s is created a second time", p.Name)
	}
	w.place(p)
	if n := w.livePods(); n > w.set.MaxWorkers && !w.slipped {
		w.fatal("%d Pods live: at most %d, we count %d: %v", n, w.set.MaxWorkers, w.core.holdingCapacity, w.podNames())
	}
	return w.pods[p.Name].obs.Ref.UID, nil
}

func (w *world) place(p PodSpec) {
	w.uids++
	w.posted[p.Name]++
	w.pods[p.Name] = &modelPod{spec: p, obs: Observation{
		Ref: PodRef{p.Name, fmt.Sprint("uid-", w.uids)}, Event: p.Event.EventID, Slot: p.Slot, Attempt: p.Attempt, Created: w.now,
	}}
	w.tell(p.Name)
}

// lateLimit is for how long a POST whose answer was given up may still be carried out. It is far below SucceededTTL, for
// which the Pod itself keeps its name taken.
const lateLimit = 5 * time.Second

// latePost is a POST that we gave up and that may still arrive.
type latePost struct {
	spec  PodSpec
	until time.Time
}

// arrive carries out the i-th late POST.
func (w *world) arrive(i int) {
	l := w.late[i]
	w.late = slices.Delete(w.late, i, i+1)
	if w.now.After(l.until) || w.now.Before(l.until.Add(-lateLimit)) || w.posted[l.spec.Name] > 0 || w.foreign[l.spec.Name] {
		return
	}
	w.slipped = true
	w.place(l.spec)
}

// livePods counts what takes room, as a watcher of the cluster would. A Pod that is stuck is left aside: its worker may
// have its outcome, and the Pod be on its way out. So is an edited one whose worker has its outcome: a new term does
// not see it any more.
func (w *world) livePods() int {
	n := 0
	for name, p := range w.pods {
		hidden := p.edited() && !w.alive(name)
		stuck := p.obs.Waiting != WaitingNone || p.obs.Node == "" && w.now.Sub(p.obs.Created) >= w.set.PendingTimeout ||
			!p.obs.Deleting.IsZero() && w.now.Sub(p.obs.Deleting) >= goneTimeout-modelGrace
		if !p.obs.Phase.Ended() && !stuck && !hidden {
			n++
		}
	}
	return n
}

func (w *world) tell(name string) {
	switch p := w.pods[name]; {
	case p.unlabelled:
	case p.unreadable:
		w.watched = append(w.watched, Observation{Ref: p.obs.Ref, Gone: p.obs.Gone})
	default:
		w.watched = append(w.watched, p.obs)
	}
}

// edited: a list of our Pods does not show it.
func (p *modelPod) edited() bool { return p.unlabelled || p.unreadable }

func (w *world) vanish(name string) {
	w.tellGone(name)
	delete(w.pods, name)
}

func (w *world) tellGone(name string) {
	w.pods[name].obs.Gone = true
	w.tell(name)
	w.pods[name].obs.Gone = false
}

// unlabel takes a Pod out of the watch's sight, and of nothing else.
func (w *world) unlabel(name string) {
	w.tellGone(name)
	w.pods[name].unlabelled = true
}

// scribble makes its annotations say nothing of use.
func (w *world) scribble(name string) {
	w.pods[name].unreadable = true
	w.tell(name)
}

// relabel brings either back.
func (w *world) relabel(name string) {
	w.pods[name].unlabelled, w.pods[name].unreadable = false, false
	w.tell(name)
}

// alive reports whether a Pod is one that its record calls created or running.
func (w *world) alive(name string) bool {
	p := w.pods[name]
	rec := w.records[p.obs.Event]
	if rec == nil || rec.Closed || p.obs.Phase.Ended() {
		return false
	}
	sl := rec.Slots[p.obs.Slot-1]
	return sl.UID == p.obs.Ref.UID && (sl.State == StateCreated || sl.State == StateRunning)
}

// checkAbsence: nobody is called missing whose Pod is there.
func (w *world) checkAbsence(x Write) {
	var r Report
	switch x := x.(type) {
	case Progress:
		r = x.Report
	case Outcome:
		r = x.Report
	}
	p := w.pods[w.set.Names.Pod(r.ID, max(r.Slot, 1), max(r.Attempt, 1))]
	if (r.Reason == "Missing" || r.Reason == "Deleted") && p != nil && p.obs.Ref.UID == r.UID {
		w.fatal("%s is %s (%s), and its Pod is there", r.Worker, r.State, r.Reason)
	}
}

// deliverWatch hands the n oldest watch events over.
func (w *world) deliverWatch(n int) {
	n = min(n, len(w.watched))
	if n > 0 {
		batch := slices.Clone(w.watched[:n])
		w.watched = w.watched[n:]
		w.feed(observed{batch, false})
	}
}

// list is a relist: what the watch had not brought yet is in it.
func (w *world) list() {
	w.watched = nil
	var batch []Observation
	for _, name := range w.podNames() {
		if p := w.pods[name]; !p.edited() {
			batch = append(batch, p.obs)
		}
	}
	w.feed(observed{batch, true})
}

func (w *world) podNames() []string {
	var names []string
	for n := range w.pods {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// advance is the kubelet: the Pod goes on to that phase, if it can.
func (w *world) advance(name string, to Phase) {
	p := w.pods[name]
	if p.obs.Phase.Ended() || to < p.obs.Phase {
		return
	}
	p.obs.Phase, p.obs.Node = to, "node-1"
	if to.Ended() {
		code := 0
		if to == PhaseFailed {
			code = 7
		}
		p.obs.ExitCode, p.obs.Finished = &code, w.now
	}
	w.tell(name)
}

// deletable: the promise excepts a deletion by others between a Pod's creation and its mark.
func (w *world) deletable(name string) bool {
	p := w.pods[name]
	rec := w.records[p.obs.Event]
	return rec == nil || rec.Closed || rec.Slots[p.obs.Slot-1].Attempt >= p.obs.Attempt
}

// modelGrace is how long a Pod may take to end when it is deleted.
const modelGrace = 30 * time.Second

// delete is the API server's DELETE: what runs on a node gets its grace, the rest is gone at once.
func (w *world) delete(name string) {
	p := w.pods[name]
	switch {
	case p.obs.Phase.Ended() || p.obs.Node == "":
		w.vanish(name)
	case p.obs.Deleting.IsZero():
		p.obs.Deleting = w.now.Add(modelGrace)
		w.tell(name)
	}
}
