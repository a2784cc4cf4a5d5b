package redis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// What package records writes and package stream reads.

// MaxDeadLetterBytes bounds the original names and values in a dead letter. Package stream keeps the size and the hash of
// a larger entry.
const MaxDeadLetterBytes = 8 << 10

const maxHash = 128

// KeyOwner is the value of an idempotency key: the event that owns it, and the hash of that event's content.
type KeyOwner struct {
	Event event.ID
	Hash  string
}

// Encode is `<entry ID> <hash>`.
func (o KeyOwner) Encode() string { return o.Event.String() + " " + o.Hash }

// DecodeKeyOwner accepts what Encode writes.
func DecodeKeyOwner(value string) (KeyOwner, error) {
	id, hash, _ := strings.Cut(value, " ")
	owner, err := event.ParseID(id)
	if err != nil {
		return KeyOwner{}, err
	}
	if hash == "" || len(hash) > maxHash {
		return KeyOwner{}, fmt.Errorf("%q: want <entry ID> <hash>", text.Clip(value, maxQuoted))
	}
	return KeyOwner{owner, hash}, nil
}

// DecodeID reads a key that holds an entry's ID; the zero ID when there is none. A value that is no ID is a *RecordError, not
// "none": without the last accepted ID the whole stream would be read anew.
func DecodeID(key string, cmd *goredis.StringCmd) (event.ID, error) {
	value, err := cmd.Result()
	if errors.Is(err, goredis.Nil) {
		return event.ID{}, nil
	}
	if err != nil {
		return event.ID{}, err
	}
	id, err := event.ParseID(value)
	if err != nil {
		return event.ID{}, &RecordError{Key: key, Problem: fmt.Sprintf("%v; set it to the ID of an entry", err)}
	}
	return id, nil
}
