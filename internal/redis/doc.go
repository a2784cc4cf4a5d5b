// Package redis connects to a Redis of version 7.0 or later and holds what its subpackages share: the connections with
// TLS and passwords, the names of the keys, the transaction under WATCH, and the wording of errors. The work is done
// below it:
//
//   - stream reads entries (worker.Source);
//   - records keeps events, status entries and dead letters (worker.Journal), and trims the stream;
//   - inspect answers people: the commands and `check`.
//
// Two rules hold in all of them. Nothing is sent twice on its own: go-redis' retries are off, since a command whose
// reply was lost may have been applied; the caller reads the state again and decides. And nothing read back is trusted:
// what cannot be decoded is an error that names its key and field, never a panic.
package redis
