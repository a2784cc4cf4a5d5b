package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"log/slog"
	"slices"
	"time"
)

// trackedEvent is an event the core keeps track of: accepted, and not yet forgotten.
type trackedEvent struct {
	event.Event
	acceptedAt time.Time
	recorded   bool // its record is committed
	settling   bool // its Settle, or its Select, is emitted
	settled    bool // and committed
	closing    bool // its Close is emitted
	closed     bool // and committed

	slots   []slot // index 0 is slot 1; none of a scale_down
	queued  bool   // in its line, or was
	started int    // how many of them, from the first on, were taken off the queue
	marked  int    // how many have a mark or an outcome, committed or on its way
	counts  Counts // outcomes, committed or on their way; a scale_down's: those of its victims
	pods    int    // removals that are not done

	victims []Victim // of a scale_down, once it has chosen
	due     int      // how many of them have no outcome
}

// holding is who holds an idempotency key, and with what content.
type holding struct {
	by   event.ID
	hash string
}

// leaving is a refused entry, or the key of an accepted one, that is forgotten soon. Not at once: a batch that was read
// before the commit may still bring the same entry, or an entry with the same key, and its reader saw nothing in Redis
// yet. The reader hands its batches over one by one, so the batch after the next one was read after the commit.
type leaving struct {
	id  event.ID
	key string
}

// refusal is an entry that is rejected, or a duplicate.
type refusal struct{ unwritten int } // writes about it that are not committed

// question is the look-up of a record, for whatever waits for it.
type question struct {
	answered   bool
	stale      bool          // the entry was decided on since: the answer may be older than that
	record     *Record       // nil: there is none
	unreadable bool          // there is one, but nobody can read it
	pods       []Observation // of an event that is not in hand
}

// takeIn handles one batch of the reader.
func (s *state) takeIn(batch []Entry) {
	if len(s.held) == 0 {
		s.forgettable = len(s.leaving)
	}
	s.held = append(s.held, batch...)
	for i := range batch {
		s.question(&batch[i])
	}
	s.takeHeld()
}

// question is the look-up that an entry needs: of its record, if it was delivered before, or comes after a later one
// (somebody set the group back), and is not in hand.
func (s *state) question(en *Entry) *question {
	fresh := !en.Redelivered && en.ID.Compare(s.reached) > 0
	if fresh || s.events[en.ID] != nil || s.refusals[en.ID] != nil || s.waits(en.ID) {
		return nil
	}
	return s.ask(en.ID)
}

// takeHeld takes in what is held, in stream order, up to the first entry whose record is still being looked up. The
// order matters: were a later entry taken in first, the mark would pass the earlier one, and a crash would lose it.
func (s *state) takeHeld() {
	for len(s.held) > 0 {
		q := s.question(&s.held[0])
		if q != nil && !q.answered {
			return
		}
		en := &s.held[0]
		s.held = s.held[1:]
		s.take(en, q)
		s.unask(en.ID)
	}
	s.held = nil
	for _, l := range s.leaving[:s.forgettable] {
		if r := s.refusals[l.id]; r != nil && r.unwritten == 0 {
			delete(s.refusals, l.id)
		}
		if s.keys[l.key].by == l.id {
			delete(s.keys, l.key)
		}
	}
	s.leaving, s.forgettable = s.leaving[s.forgettable:], 0
}

// take decides on one entry; q is the look-up of its record if it was redelivered. With a record it was dealt with,
// and only its acknowledgement is missing. Without one but at or below the mark of the term's start, it was dealt
// with so long ago that the record is gone; and one that is delivered a second time was dealt with in this term.
func (s *state) take(en *Entry, q *question) {
	if open := s.asked[en.ID]; open != nil && !open.answered {
		open.stale = true
	}
	again := !en.Redelivered && en.ID.Compare(s.reached) <= 0 // the group was set back: a group delivers in order
	s.reached = higher(s.reached, en.ID)
	e := s.events[en.ID]
	switch {
	case q != nil && q.unreadable:
		// It stays pending: to acknowledge it might lose it, and to accept it might run it twice.
	case e != nil && e.settled, q != nil && q.record != nil:
		s.write(Ack{en.ID})
	case s.refusals[en.ID] != nil && s.refusals[en.ID].unwritten == 0: // perhaps it was delivered again since
		s.refusals[en.ID].unwritten++
		s.write(Ack{en.ID})
	case e != nil, s.refusals[en.ID] != nil, s.waits(en.ID):
		// its Settle, or its refusal, acknowledges it
	case en.ID.Compare(s.before) <= 0:
		s.refusals[en.ID] = &refusal{unwritten: 1}
		s.write(Duplicate{ID: en.ID, Type: sentType(en), At: s.now})
	case again:
		s.refusals[en.ID] = &refusal{unwritten: 1}
		s.write(Ack{en.ID})
	default:
		s.accept(en)
	}
}

// sentType is empty where an entry has no valid type.
func sentType(en *Entry) event.Type {
	if t := event.Type(en.Fields["type"]); t == event.ScaleUp || t == event.ScaleDown {
		return t
	}
	return ""
}

// accept decides on an entry that has no record.
func (s *state) accept(en *Entry) {
	if en.Trimmed {
		s.reject(en, "", event.Reject(event.CodeTrimmed, "somebody deleted the entry from the stream before it was accepted"))
		return
	}
	if en.Poisonous {
		s.reject(en, "", event.Reject(event.CodePoison, "it was delivered again and again and never taken in: its body was not read"))
		return
	}
	ev, bad := s.decode(en)
	if bad != nil {
		task := en.Fields[event.FieldTaskID]
		if !event.ValidTaskID(task) {
			task = ""
		}
		s.reject(en, task, bad)
		return
	}
	hash := ev.Hash()
	if holder, held := s.holder(en, ev.IdempotencyKey); held {
		s.again(en, &ev, holder, hash)
		return
	}
	if ev.IdempotencyKey != "" {
		s.keys[ev.IdempotencyKey] = holding{ev.EventID, hash}
	}
	s.events[en.ID] = newEvent(ev, s.now)
	s.write(Accept{Event: ev, Hash: hash, At: s.now})
}

func (s *state) decode(en *Entry) (event.Event, *event.Rejection) {
	if en.Size.Bytes > event.MaxEntryBytes {
		return event.Event{}, event.Reject(event.CodeTooLarge, "the entry has %d bytes in %d fields: at most %d", en.Size.Bytes, en.Size.Fields, event.MaxEntryBytes)
	}
	return event.Decode(en.ID, en.Fields, s.Rules)
}

func newEvent(ev event.Event, acceptedAt time.Time) *trackedEvent {
	e := &trackedEvent{Event: ev, acceptedAt: acceptedAt}
	if ev.Type == event.ScaleUp {
		e.slots = make([]slot, ev.PodCount)
	}
	for i := range e.slots {
		e.slots[i].event, e.slots[i].number, e.slots[i].attempt = e, i+1, 1
	}
	return e
}

// holder is the other event that holds the key: as far as we have it in hand, else as Redis said with the entry.
func (s *state) holder(en *Entry, key string) (holding, bool) {
	if key == "" {
		return holding{}, false
	}
	if h, ok := s.keys[key]; ok {
		return h, h.by != en.ID
	}
	return holding{en.KeyOwner, en.KeyHash}, !en.KeyOwner.IsZero() && en.KeyOwner != en.ID
}

// again decides on an entry whose idempotency key is taken.
func (s *state) again(en *Entry, ev *event.Event, h holding, hash string) {
	if h.hash != hash {
		s.reject(en, ev.TaskID(), event.Reject(event.CodeConflict,
			"idempotency_key %q belongs to event %s, which asks for something else", ev.IdempotencyKey, h.by))
		return
	}
	s.refusals[en.ID] = &refusal{unwritten: 1}
	s.write(Duplicate{ID: en.ID, Of: h.by, Type: ev.Type, TaskID: ev.TaskID(), At: s.now})
}

func (s *state) reject(en *Entry, task string, r *event.Rejection) {
	s.refusals[en.ID] = &refusal{unwritten: 1}
	s.write(Reject{ID: en.ID, Fields: en.Fields, Size: en.Size, Code: r.Code, Reason: r.Reason, TaskID: task, At: s.now})
	s.say(slog.LevelWarn, "entry rejected", "event_id", en.ID.String(), "reason_code", r.Code, "reason", r.Reason)
}

// ask looks an event's record up, once however many wait for the answer.
func (s *state) ask(id event.ID) *question {
	q := s.asked[id]
	if q == nil {
		q = &question{}
		s.asked[id] = q
		s.asking++
		s.do(find{id})
	}
	return q
}

// found handles the answer to ask.
func (s *state) found(in found) {
	s.asking--
	q := s.asked[in.id]
	if s.events[in.id] != nil || s.refusals[in.id] != nil || s.waits(in.id) { // taken in since: the answer is an old one
		delete(s.asked, in.id)
		for i := range q.pods {
			s.sight(&q.pods[i])
		}
		s.takeHeld()
		return
	}
	if q.stale {
		q.stale = false
		s.asking++
		s.do(find{in.id})
		return
	}
	q.answered, q.record, q.unreadable = true, in.record, in.unreadable
	for _, o := range q.pods {
		s.stray(o, q)
	}
	q.pods = nil
	if !slices.ContainsFunc(s.held, func(en Entry) bool { return en.ID == in.id }) {
		s.unask(in.id)
	}
	s.takeHeld()
}

// unask forgets a question that is answered and used.
func (s *state) unask(id event.ID) {
	if q := s.asked[id]; q != nil && q.answered {
		delete(s.asked, id)
	}
}
