package client

import (
	"context"
	"strings"
)

// lookup is what a run reads in Redis beside the status stream.
type lookup interface {
	// Record is the hash of an event; empty: there is none.
	Record(ctx context.Context, id string) (map[string]string, error)
	// Mark is the highest ID ever decided on.
	Mark(ctx context.Context) (string, error)
	// KeyOwner is the value of an idempotency key, `<event ID> <hash>`; empty: there is none.
	KeyOwner(ctx context.Context, key string) (string, error)
	// DeadLetter is the dead letter of an entry; nil: there is none.
	DeadLetter(ctx context.Context, id string) (map[string]string, error)
}

// follower brings a tracker and Redis together. Its errors are those of lookup: then the same call is made again, and statuses returned
// beside the error count. How the event ended is in the tracker.
type follower struct {
	*tracker
	lookup lookup
	key    string             // the idempotency key; empty: not known
	moved  func(event string) // called before the snapshot of a duplicate's original is read
}

// read applies a status entry.
func (f *follower) read(ctx context.Context, s *Status) ([]Status, error) {
	var news []Status
	if f.isGap(s) {
		fields, err := f.lookup.Record(ctx, f.eventID)
		if err != nil {
			return nil, err
		}
		if len(fields) > 0 {
			news = f.use(fields)
		}
	}
	if f.entry(s) {
		news = append(news, *s)
	}
	if s.Kind != KindDuplicate || s.EventID != f.sentID || f.ended() || !f.duplicate || f.accepted {
		return news, nil
	}
	return f.original(ctx, news)
}

// original goes on with the original of a duplicate. It is asked for until Redis answers, because the entry that named it is applied.
func (f *follower) original(ctx context.Context, news []Status) ([]Status, error) {
	f.moved(f.eventID)
	more, err := f.sync(ctx)
	return append(news, more...), err
}

// use applies a record, or ends the run where that cannot be read.
func (f *follower) use(fields map[string]string) []Status {
	s, err := decodeSnapshot(f.eventID, fields)
	if err != nil {
		f.err = err
		return nil
	}
	return f.snapshot(s)
}

// sync reads the snapshot, after entries were missed.
func (f *follower) sync(ctx context.Context) ([]Status, error) {
	if f.ended() {
		return nil, nil
	}
	fields, decided, err := f.load(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(fields) > 0:
		return f.use(fields), nil
	case f.accepted:
		f.err = ErrExpired
	case decided:
		return f.verdict(ctx)
	}
	return nil, nil
}

// load reads the record, and whether the event was decided on. The record is read again after the mark: the event may be accepted
// between the two.
func (f *follower) load(ctx context.Context) (fields map[string]string, decided bool, err error) {
	if fields, err = f.lookup.Record(ctx, f.eventID); err != nil || len(fields) > 0 {
		return fields, true, err
	}
	value, err := f.lookup.Mark(ctx)
	if err != nil {
		return nil, false, err
	}
	mark, _ := parseID(value)
	id, _ := parseID(f.eventID)
	if mark.compare(id) < 0 {
		return nil, false, nil
	}
	fields, err = f.lookup.Record(ctx, f.eventID)
	return fields, true, err
}

// verdict finds out what was decided on an entry that has no record.
func (f *follower) verdict(ctx context.Context) ([]Status, error) {
	letter, err := f.lookup.DeadLetter(ctx, f.eventID)
	if err != nil {
		return nil, err
	}
	if letter != nil {
		f.err = &RejectedError{
			SentID: f.eventID, ReasonCode: letter["reason_code"], ErrorCode: letter["code"], Message: letter["reason"],
		}
		return nil, nil
	}
	owner := ""
	if f.key != "" {
		value, err := f.lookup.KeyOwner(ctx, f.key)
		if err != nil {
			return nil, err
		}
		owner, _, _ = strings.Cut(value, " ")
	}
	if _, isID := parseID(owner); !isID || owner == f.eventID || f.duplicate {
		f.err = ErrExpired
		return nil, nil
	}
	f.redirect(owner)
	return f.original(ctx, nil)
}
