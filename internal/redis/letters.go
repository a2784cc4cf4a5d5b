package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Letter is one dead letter.
type Letter struct {
	ID       string // of the letter
	Original string // of the entry
	Code     string
	Reason   string
	Fields   map[string]string // of the entry, as far as they fitted
	Omitted  string            // how many did not fit; empty: all did
}

// Letters returns the newest dead letters, newest first, at most n.
func (r *Reader) Letters(ctx context.Context, n int) ([]Letter, error) {
	var letters []Letter
	for to := "+"; len(letters) < n; {
		page, err := r.client.commands.XRevRangeN(ctx, r.keys.Dead(), to, "-", int64(min(letterPage, n-len(letters)))).Result()
		if err != nil {
			return nil, r.client.wrap("reading the dead letters", err)
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			letters = append(letters, letter(m))
			to = "(" + m.ID
		}
	}
	return letters, nil
}

// LetterOf returns the dead letter of an entry; nil: there is none.
func (r *Reader) LetterOf(ctx context.Context, id event.ID) (*Letter, error) {
	letters, err := r.Letters(ctx, 2*deadMaxLen)
	for i := range letters {
		if letters[i].Original == id.String() {
			return &letters[i], nil
		}
	}
	return nil, err
}

func letter(m goredis.XMessage) Letter {
	l := Letter{ID: m.ID, Fields: make(map[string]string)}
	for name, value := range flat(m.Values) {
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
		if field, is := strings.CutPrefix(name, "f:"); is {
			l.Fields[field] = value
		}
	}
	return l
}

// ErrNotWhole says that a dead letter does not have all of its entry: it cannot be sent again.
var ErrNotWhole = errors.New("the dead letter does not have the whole entry")

// Redrive sends the entry of a dead letter again, changed, and takes the letter away, both or neither: of two people who
// redrive one letter one gets an error.
func (r *Reader) Redrive(ctx context.Context, letterID string, change func(fields map[string]string) error) (event.ID, error) {
	var sent *goredis.StringCmd
	var fields map[string]string
	err := r.client.transact(ctx, []string{r.keys.Dead()}, func(p goredis.Pipeliner) func() error {
		found := p.XRange(ctx, r.keys.Dead(), letterID, letterID)
		return func() error {
			messages, err := found.Result()
			if err != nil {
				return err
			}
			if len(messages) == 0 {
				return fmt.Errorf("there is no dead letter %q", letterID)
			}
			l := letter(messages[0])
			if l.Omitted != "" || len(l.Fields) == 0 {
				return ErrNotWhole
			}
			fields = l.Fields
			return change(fields)
		}
	}, func(p goredis.Pipeliner) error {
		values := make([]string, 0, 2*len(fields))
		for name, value := range fields {
			values = append(values, name, value)
		}
		sent = p.XAdd(ctx, &goredis.XAddArgs{Stream: r.keys.Stream, Values: values})
		p.XDel(ctx, r.keys.Dead(), letterID)
		return nil
	})
	if errors.Is(err, errTouched) {
		err = errors.New("the dead letters changed in that moment, nothing was sent: try again")
	}
	if err != nil {
		return event.ID{}, r.client.wrap("redriving", err)
	}
	return event.ParseID(sent.Val())
}
