// Package records keeps what is known of the events of one stream: Journal, a worker.Journal. A record is a hash for each
// event (record.go, slot.go, victims.go); beside it stand the open set, the owners of idempotency keys, the status stream
// (status.go) and the dead-letter stream (deadletter.go). Janitor trims the source stream.
//
// One installation owns a stream (owner.go), and in it one term writes: a term begins by writing a token (term.go), and
// every later write is one MULTI under WATCH of that token (fence.go). What became of a write whose reply was lost is found
// out by its number (lostreply.go); if that fails, nothing more is written before the next term.
package records
