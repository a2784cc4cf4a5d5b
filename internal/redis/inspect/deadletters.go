package inspect

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

const deadLetterPage = 100

// DeadLetter is one rejected entry on the dead-letter stream.
type DeadLetter struct {
	ID       string // of the dead letter
	Original string // the ID of the entry
	Code     string
	Reason   string
	Fields   map[string]string // of the entry, as far as they fitted
	Omitted  string            // how many did not fit; empty: all did
}

// DeadLetters returns the newest dead letters, newest first, at most n.
func (r *Reader) DeadLetters(ctx context.Context, n int) ([]DeadLetter, error) {
	return r.DeadLettersBefore(ctx, event.ID{}, n)
}

// DeadLettersBefore returns the newest dead letters that are older than one, newest first, at most n. The zero ID: older than
// none.
func (r *Reader) DeadLettersBefore(ctx context.Context, id event.ID, n int) ([]DeadLetter, error) {
	var letters []DeadLetter
	to := "+"
	if !id.IsZero() {
		to = "(" + id.String()
	}
	for len(letters) < n {
		limit := int64(min(deadLetterPage, n-len(letters)))
		page, err := r.client.Commands().XRevRangeN(ctx, r.keys.Dead(), to, "-", limit).Result()
		if err != nil {
			return nil, r.client.Wrap("reading the dead letters", err)
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			letters = append(letters, newDeadLetter(m))
			to = "(" + m.ID
		}
	}
	return letters, nil
}

// DeadLetter returns one dead letter by its own ID; nil: there is none.
func (r *Reader) DeadLetter(ctx context.Context, id event.ID) (*DeadLetter, error) {
	found, err := r.client.Commands().XRange(ctx, r.keys.Dead(), id.String(), id.String()).Result()
	if err != nil || len(found) == 0 {
		return nil, r.client.Wrap("reading a dead letter", err)
	}
	l := newDeadLetter(found[0])
	return &l, nil
}

// DeadLetterOf returns the dead letter of an entry; nil: there is none.
func (r *Reader) DeadLetterOf(ctx context.Context, id event.ID) (*DeadLetter, error) {
	letters, err := r.DeadLetters(ctx, 2*records.MaxDeadLetters)
	for i := range letters {
		if letters[i].Original == id.String() {
			return &letters[i], nil
		}
	}
	return nil, err
}

func newDeadLetter(m goredis.XMessage) DeadLetter {
	l := DeadLetter{ID: m.ID, Fields: make(map[string]string)}
	for name, value := range toStrings(m.Values) {
		switch name {
		case "original_id":
			l.Original = value
		case "reason_code":
			l.Code = value
		case "reason":
			l.Reason = value
		case "omitted":
			l.Omitted = value
		}
		if field, ok := strings.CutPrefix(name, "f:"); ok {
			l.Fields[field] = value
		}
	}
	return l
}

// ErrNotWhole says that a dead letter does not have all fields of its entry, so that it cannot be sent again.
var ErrNotWhole = errors.New("the dead letter does not have the whole entry")

// ErrNoDeadLetter begins the error about a dead letter that is not there, or not any more.
var ErrNoDeadLetter = errors.New("no dead letter")

// ErrChanged says that somebody else wrote meanwhile.
var ErrChanged = errors.New("the dead letters changed meanwhile; nothing was sent, try again")

// Redrive sends the entry of a dead letter again, changed, and deletes the dead letter, both or neither: of two people who
// redrive one dead letter one gets an error.
func (r *Reader) Redrive(ctx context.Context, letterID string, change func(fields map[string]string) error) (event.ID, error) {
	var sent *goredis.StringCmd
	var fields map[string]string
	err := r.client.Transact(ctx, []string{r.keys.Dead()}, func(p goredis.Pipeliner) func() error {
		found := p.XRange(ctx, r.keys.Dead(), letterID, letterID)
		return func() (err error) {
			if fields, err = wholeEntry(found, letterID); err != nil {
				return err
			}
			return change(fields)
		}
	}, func(p goredis.Pipeliner) error {
		sent = p.XAdd(ctx, entryArgs(r.keys.Stream, fields))
		p.XDel(ctx, r.keys.Dead(), letterID)
		return nil
	})
	if errors.Is(err, redis.ErrConflict) {
		err = ErrChanged
	}
	if err != nil {
		return event.ID{}, r.client.Wrap("redriving", err)
	}
	return event.ParseID(sent.Val())
}

func wholeEntry(found *goredis.XMessageSliceCmd, letterID string) (map[string]string, error) {
	messages, err := found.Result()
	if err != nil {
		return nil, err
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("%w %q", ErrNoDeadLetter, letterID)
	}
	l := newDeadLetter(messages[0])
	if l.Omitted != "" || len(l.Fields) == 0 {
		return nil, ErrNotWhole
	}
	return l.Fields, nil
}
