// Package event is the contract with producers: what a stream entry may say and what an Event is. The table in fields.go is
// the one list of an entry's fields; decoding, the record in Redis, the environment of workers, the flags of `ottoscaler
// scale`, the JSON Schema in api/ and docs/stream-entry.md are made from it or held against it.
//
// Whoever adds a field adds a row, and what it fills in to Event.
package event

//go:generate go test -run ^TestReference$ -update .
