package redis

import (
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Keys are the names of the keys beside one stream. They carry its name as hash tag, so all share one slot.
type Keys struct {
	Stream string
	prefix string
}

// NewKeys returns the Keys of a stream. A name with a hash tag of its own is only suffixed: its tag already decides
// the slot.
func NewKeys(stream string) Keys {
	if tagged(stream) {
		return Keys{Stream: stream, prefix: stream + ":"}
	}
	return Keys{Stream: stream, prefix: "{" + stream + "}:"}
}

// tagged follows Redis: the first `{`, the first `}` after it, and something between.
func tagged(name string) bool {
	_, rest, opened := strings.Cut(name, "{")
	tag, _, closed := strings.Cut(rest, "}")
	return opened && closed && tag != ""
}

// Owner is the string that names the one installation the stream belongs to.
func (k Keys) Owner() string { return k.prefix + "owner" }

// Fence is the string with the token of the newest term.
func (k Keys) Fence() string { return k.prefix + "fence" }

// Mark is the string with the highest entry ID taken in.
func (k Keys) Mark() string { return k.prefix + "mark" }

// Open is the set of events that are not closed yet.
func (k Keys) Open() string { return k.prefix + "open" }

// Event is the hash with an event's record.
func (k Keys) Event(id event.ID) string { return k.prefix + "event:" + id.String() }

// Idempotency is the string that says which event holds a key.
func (k Keys) Idempotency(key string) string { return k.prefix + "key:" + key }

// Status is the stream of what happens.
func (k Keys) Status() string { return k.prefix + "status" }

// Dead is the stream of dead letters.
func (k Keys) Dead() string { return k.prefix + "dead" }
