// Package stream reads the entries of one stream for a consumer group: Source, a worker.Source.
//
// Whatever Redis delivered stays on the group's pending list until it is acknowledged, even when its reply never
// arrived: after an error, or when the read of a dead process was answered late. Therefore
//
//   - the pending list is read before anything new, at the start and after every error (recovery.go), and what other
//     consumers hold is claimed then (claim.go);
//   - new entries are returned only when they passed over nothing on the list (pending.go);
//   - the whole list is compared with what was returned every Options.Recheck;
//   - a consumer group that vanished is created again after the last accepted entry, and a stream that was replaced ends
//     the term (group.go).
//
// An entry may be what crashes the process that reads it, by its size or by its content: Poison finds such entries by
// their delivery counts, guard.go pauses reading behind suspicious ones, and respReader decodes replies of any size in
// bounded memory.
package stream
