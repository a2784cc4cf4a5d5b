package worker

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

// acceptBatch handles one batch of the reader.
func (s *state) acceptBatch(batch []Entry) {
	s.intake.push(batch)
	for i := range batch {
		s.lookupFor(&batch[i])
	}
	s.decideInOrder()
}

// lookupFor is the lookup that an entry needs: of its record, if it was delivered before, or comes after a later one
// (somebody set the group back), or may have been accepted from the stream that was replaced, and is not tracked. nil: none.
func (s *state) lookupFor(en *Entry) *lookup {
	fresh := !en.Redelivered && en.ID.Compare(higher(s.intake.lastDecided, s.intake.replaced)) > 0
	if fresh || s.isKnown(en.ID) {
		return nil
	}
	return s.lookUp(en.ID)
}

// isKnown reports whether an entry was decided on and is not forgotten yet.
func (s *state) isKnown(id event.ID) bool {
	return s.events[id] != nil || s.intake.refusals[id] != nil || s.isPacked(id)
}

// decideInOrder decides on entries in stream order, up to the first one whose record is still being read. The order
// matters: were a later entry accepted first, the last accepted ID would pass the earlier one, and a crash would lose it.
func (s *state) decideInOrder() {
	in := &s.intake
	for len(in.undecided) > 0 {
		q := s.lookupFor(&in.undecided[0])
		if q != nil && !q.done {
			return
		}
		en := in.pop()
		s.decide(en, q)
		s.lookups.used(en.ID)
	}
	in.forget()
}

// decide decides on one entry; q is the lookup of its record if it was redelivered. With a record it was dealt with,
// and only its acknowledgement is missing. Without one but at or below the last ID accepted before the term, it was dealt
// with so long ago that the record is gone; and one that is delivered a second time was dealt with in this term.
func (s *state) decide(en *Entry, q *lookup) {
	s.lookups.decided(en.ID)
	again := !en.Redelivered && en.ID.Compare(s.intake.lastDecided) <= 0 // the group was set back: a group delivers in order
	s.intake.lastDecided = higher(s.intake.lastDecided, en.ID)
	e, refused := s.events[en.ID], s.intake.refusals[en.ID]
	switch {
	case q != nil && q.unreadable:
		// It stays pending: to acknowledge it might lose it, and to accept it might run it twice.
	case e != nil && e.settled, q != nil && q.record != nil:
		s.write(Ack{en.ID})
	case refused != nil && refused.uncommitted == 0: // perhaps it was delivered again since
		s.intake.refuse(en.ID)
		s.write(Ack{en.ID})
	case e != nil, refused != nil, s.isPacked(en.ID):
		// its Settle, or its refusal, acknowledges it
	case en.ID.Compare(s.intake.lastAcceptedBefore) <= 0:
		s.intake.refuse(en.ID)
		s.write(Duplicate{ID: en.ID, Type: sentType(en), At: s.now})
	case again:
		s.intake.refuse(en.ID)
		s.write(Ack{en.ID})
	default:
		s.accept(en)
	}
}

// sentType is empty where an entry has no valid type.
func sentType(en *Entry) event.Type {
	if t := event.Type(en.Fields[event.FieldType]); slices.Contains(event.Types(), t) {
		return t
	}
	return ""
}

// accept decides on an entry that has no record.
func (s *state) accept(en *Entry) {
	ev, bad := s.decode(en)
	if bad != nil {
		s.reject(en, validTaskID(en), bad)
		return
	}
	hash := ev.Hash() // of what was sent: the policy may change
	if owner, taken := s.intake.keyOwnerOf(en, ev.IdempotencyKey); taken {
		s.decideTakenKey(en, &ev, owner)
		return
	}
	if ev, bad = s.admit(ev); bad != nil {
		s.reject(en, validTaskID(en), bad)
		return
	}
	if ev.IdempotencyKey != "" {
		s.intake.keys[ev.IdempotencyKey] = keyOwner{ev.EventID, hash}
	}
	e := newEvent(ev, s.now)
	s.events[en.ID] = e
	s.write(Accept{Event: ev, Hash: hash, Seq: e.nextSeq(), Hint: event.Hint(en.Fields, &ev), At: s.now})
}

// admit decides by the operator's policy.
func (s *state) admit(ev event.Event) (event.Event, *event.Rejection) {
	ev, bad := s.controls.policy.Admit(ev)
	if bad != nil || ev.Type != event.ScaleUp {
		return ev, bad
	}
	waiting := s.scheduler.WaitingIn(ev.Queue) + s.intake.accepting[ev.Queue]
	if limit := s.controls.policy.Queue(ev.Queue).MaxWaiting; limit > 0 && waiting >= limit {
		return ev, event.Reject(event.CodeQueueFull, "%d events of queue %q wait already: at most %d", limit, ev.Queue, limit)
	}
	if !s.scheduler.Knows(ev.Queue) && s.scheduler.UnnamedQueues() >= s.controls.policy.MaxQueues {
		return ev, event.Reject(event.CodeUnknownQueue, "queue %q is not configured, and %d such queues have open events: at most that many",
			ev.Queue, s.controls.policy.MaxQueues)
	}
	s.intake.accepting[ev.Queue]++
	return ev, nil
}

func (s *state) decode(en *Entry) (event.Event, *event.Rejection) {
	switch {
	case en.Trimmed:
		return event.Event{}, event.Reject(event.CodeTrimmed, "somebody deleted the entry from the stream before it was accepted")
	case en.Poisonous:
		return event.Event{}, event.Reject(event.CodePoison, "delivered again and again and never accepted: its body was not read")
	case en.Size.Bytes > event.MaxEntryBytes:
		return event.Event{}, event.Reject(event.CodeTooLarge, "the entry has %d bytes in %d fields: at most %d",
			en.Size.Bytes, en.Size.Fields, event.MaxEntryBytes)
	}
	return event.Decode(en.ID, en.Fields, s.Rules)
}

// validTaskID is the task of a rejected entry; empty where it is not valid, or the body was not read.
func validTaskID(en *Entry) string {
	task := en.Fields[event.FieldTaskID]
	if !event.ValidTaskID(task) {
		return ""
	}
	return task
}

// decideTakenKey decides on an entry whose idempotency key another event owns.
func (s *state) decideTakenKey(en *Entry, ev *event.Event, owner keyOwner) {
	if !ev.SameAs(owner.hash) {
		s.reject(en, ev.TaskID(), event.Reject(event.CodeConflict,
			"idempotency_key %q belongs to event %s, which asks for something else", ev.IdempotencyKey, owner.event))
		return
	}
	s.intake.refuse(en.ID)
	s.write(Duplicate{ID: en.ID, Of: owner.event, Type: ev.Type, TaskID: ev.TaskID(), At: s.now})
}

func (s *state) reject(en *Entry, task string, r *event.Rejection) {
	s.intake.refuse(en.ID)
	s.write(Reject{ID: en.ID, Fields: en.Fields, Size: en.Size, Code: r.Code, Reason: r.Reason, TaskID: task, At: s.now})
	s.warn(errcode.EntryRejected, "event_id", en.ID.String(), "reason_code", r.Code, "reason", r.Reason)
}
