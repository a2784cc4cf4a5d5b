package queue

import (
	"math"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// waitlist keeps the open events: found by ID and by task, and, while nothing of them is under way, packed.
type waitlist struct {
	arena
	byID   buckets
	byTask buckets
	names  nameSets

	packedCount int
}

func newWaitlist() waitlist {
	return waitlist{
		byID:   buckets{heads: make([]Ref, 64)},
		byTask: buckets{heads: make([]Ref, 64)},
		names:  newNameSets(),
	}
}

// insert adds an event of that lane.
func (w *waitlist) insert(e *Entry, l *lane) Ref {
	r := w.add()
	en := w.at(r)
	*en = entry{id: e.ID, accepted: e.AcceptedAt.UnixMilli(), lane: l, priority: int8(e.Priority)}
	w.setRare(en, e)
	w.byID.grow(func(r Ref) Ref { return w.at(r).nextID }, w.linkID)
	w.linkID(r)
	if e.Task != "" {
		en.task = hashTask(e.Queue, e.Task)
		w.byTask.grow(func(r Ref) Ref { return w.at(r).nextTask }, w.linkTask)
		w.linkTask(r)
	}
	if e.Fields != nil {
		en.packed = w.names.pack(e.Fields)
		l.line.queue.packed.add(w, r)
		w.packedCount++
	}
	return r
}

// setRare fills in what most events do not have.
func (w *waitlist) setRare(en *entry, e *Entry) {
	if e.MaxParallel > 0 {
		en.rare().maxParallel = int32(min(e.MaxParallel, math.MaxInt32))
	}
	if !e.RefusedAt.IsZero() {
		en.rare().refusedAt = e.RefusedAt.UnixMilli()
	}
	if !e.StartBy.IsZero() {
		en.rare().startBy = e.StartBy.UnixMilli()
	}
	if e.Fields == nil || e.Fields[event.FieldTaskID] != e.Task {
		en.rare().task = e.Task
	}
}

// erase forgets an event.
func (w *waitlist) erase(r Ref) {
	en := w.at(r)
	if en.packed != "" {
		en.lane.line.queue.packed.drop(w, r)
		w.names.drop(en.packed)
		w.packedCount--
	}
	w.unlinkID(r)
	if en.task != 0 {
		w.unlinkTask(r)
	}
	w.drop(r)
}

// unpack returns the fields of a packed event and keeps them no longer.
func (w *waitlist) unpack(r Ref) map[string]string {
	en := w.at(r)
	fields := w.names.unpack(en.packed)
	if en.rare().task == "" {
		en.more.task = fields[event.FieldTaskID]
	}
	en.lane.line.queue.packed.drop(w, r)
	w.names.drop(en.packed)
	w.packedCount--
	en.packed = ""
	return fields
}

func (w *waitlist) find(id event.ID) Ref {
	r := *w.byID.head(hashID(id))
	for r != 0 && w.at(r).id != id {
		r = w.at(r).nextID
	}
	return r
}

// ofTask are the events of a task in a queue, in the order of their IDs.
func (w *waitlist) ofTask(queue, task string) []Ref {
	var found []Ref
	hash := hashTask(queue, task)
	for r := *w.byTask.head(hash); r != 0 && task != ""; r = w.at(r).nextTask {
		if en := w.at(r); en.task == hash && en.lane.line.queue.name == queue && w.taskOf(en) == task {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Ref) int { return w.at(a).id.Compare(w.at(b).id) })
	return found
}

func (w *waitlist) taskOf(en *entry) string {
	if en.more != nil && en.more.task != "" || en.packed == "" {
		return en.more.task
	}
	return w.names.field(en.packed, event.FieldTaskID)
}

func (w *waitlist) linkID(r Ref) {
	en := w.at(r)
	head := w.byID.head(hashID(en.id))
	en.nextID, *head = *head, r
}

func (w *waitlist) unlinkID(r Ref) {
	p := w.byID.head(hashID(w.at(r).id))
	for *p != r {
		p = &w.at(*p).nextID
	}
	*p = w.at(r).nextID
	w.byID.n--
}

func (w *waitlist) linkTask(r Ref) {
	en := w.at(r)
	head := w.byTask.head(en.task)
	if *head != 0 {
		w.at(*head).prevTask = r
	}
	en.nextTask, en.prevTask, *head = *head, 0, r
}

// unlinkTask needs both neighbours: a task may have a hundred thousand events.
func (w *waitlist) unlinkTask(r Ref) {
	en := w.at(r)
	if en.prevTask != 0 {
		w.at(en.prevTask).nextTask = en.nextTask
	} else {
		*w.byTask.head(en.task) = en.nextTask
	}
	if en.nextTask != 0 {
		w.at(en.nextTask).prevTask = en.prevTask
	}
	w.byTask.n--
}

// packedList are the packed events of a queue in the order of their IDs.
type packedList struct{ oldest, newest Ref }

// add looks for the place from the newest on: events come in the order of their IDs, but for a few.
func (p *packedList) add(w *waitlist, r Ref) {
	en, after := w.at(r), p.newest
	for after != 0 && w.at(after).id.Compare(en.id) > 0 {
		after = w.at(after).older
	}
	before := p.oldest
	if after != 0 {
		before = w.at(after).newer
	}
	en.older, en.newer = after, before
	*p.newerOf(w, after), *p.olderOf(w, before) = r, r
}

func (p *packedList) drop(w *waitlist, r Ref) {
	en := w.at(r)
	*p.newerOf(w, en.older), *p.olderOf(w, en.newer) = en.newer, en.older
	en.older, en.newer = 0, 0
}

// newerOf is what follows an event; of none, the list.
func (p *packedList) newerOf(w *waitlist, r Ref) *Ref {
	if r == 0 {
		return &p.oldest
	}
	return &w.at(r).newer
}

func (p *packedList) olderOf(w *waitlist, r Ref) *Ref {
	if r == 0 {
		return &p.newest
	}
	return &w.at(r).older
}
