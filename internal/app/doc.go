// Package app is the daemon `ottoscaler run`. New wires everything and starts nothing; Run acts until its context ends.
//
// With leader election one replica holds the Lease and leads; the others stand by and are ready. While a replica leads it runs
// one term after the other: a term is one worker.Manager with its Source and Journal. A term that cannot know what was written
// to Redis ends, and the next one starts from the records.
//
// The builders in connect.go turn a Config into clients of Redis and Kubernetes. The commands in package cli use them too, so
// that they reach what the daemon reaches; cli imports app, never the other way round.
package app
