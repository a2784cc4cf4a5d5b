package redis

import (
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Keys are the names of the keys beside one stream. The stream's name is their hash tag, so all share one slot.
type Keys struct {
	Stream string
	prefix string
}

// NewKeys returns the Keys of a stream. A name with a hash tag of its own is only suffixed: its tag already decides the
// slot.
func NewKeys(stream string) Keys {
	if tagged(stream) {
		return Keys{Stream: stream, prefix: stream + ":"}
	}
	return Keys{Stream: stream, prefix: "{" + stream + "}:"}
}

// tagged reports whether Redis sees a hash tag: the first `{`, the first `}` after it, and at least a byte between.
func tagged(name string) bool {
	_, rest, opened := strings.Cut(name, "{")
	tag, _, closed := strings.Cut(rest, "}")
	return opened && closed && tag != ""
}

// Owner is the string that names the one installation the stream belongs to.
func (k Keys) Owner() string { return k.prefix + "owner" }

// Fence is the string with the token of the newest term.
func (k Keys) Fence() string { return k.prefix + "fence" }

// Batch is the string with the number of the last batch that the newest term wrote. It is no part of the fence: each batch
// would then abort the transactions of the janitor.
func (k Keys) Batch() string { return k.prefix + "batch" }

// LastAcceptedID is the string with the highest ID of the entries that were accepted, rejected or found to be duplicates.
func (k Keys) LastAcceptedID() string { return k.prefix + "mark" }

// Complete is the string with the highest ID whose record may have been lost: an event above it that has none was closed.
func (k Keys) Complete() string { return k.prefix + "complete" }

// Open is the set of the events that are not closed.
func (k Keys) Open() string { return k.prefix + "open" }

// Event is the hash with an event's record.
func (k Keys) Event(id event.ID) string { return k.prefix + "event:" + id.String() }

// Idempotency is the string that names the event owning an idempotency key: see KeyOwner.
func (k Keys) Idempotency(key string) string { return k.prefix + "key:" + key }

// Clocks is the hash of when something began that a time limit counts from, in Unix milliseconds, by name: see worker.Clock.
func (k Keys) Clocks() string { return k.prefix + "clocks" }

// Status is the status stream.
func (k Keys) Status() string { return k.prefix + "status" }

// Dead is the dead-letter stream.
func (k Keys) Dead() string { return k.prefix + "dead" }

// Refused is the hash of the events whose Pods the API server refused: when it first did, in milliseconds.
func (k Keys) Refused() string { return k.prefix + "refused" }

// Pause is the hash of the paused queues, worker.AllQueues among them: who paused them, when and why.
func (k Keys) Pause() string { return k.prefix + "pause" }

// Queues is the hash with how each queue stands, for people: nothing reads it back.
func (k Keys) Queues() string { return k.prefix + "queues" }

// ControlMark is the string with the ID of the last command that was applied.
func (k Keys) ControlMark() string { return k.prefix + "control:mark" }

// Control is the stream of operators' commands.
func (k Keys) Control() string { return k.prefix + "control" }
