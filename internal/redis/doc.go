// Package redis is the memory and the mailbox: it reads entries from the stream (Source) and keeps the records, the
// status stream and the dead letters (Journal), on a Redis of version 7.0 or later.
//
// Two rules shape it. Nothing is ever sent twice on its own: go-redis' retries are off, since a command whose reply
// was lost may have been done; the caller starts again from what Redis says. And nothing read back is believed: what
// cannot be decoded is an error that names its key and field, never a panic.
package redis
