package redis

import "strings"

// PrefixWriter receives a reply of any size and keeps only its first KiB: some replies carry whole entries that nobody
// asked for, and an entry may have many megabytes. LastGeneratedID uses it for XINFO STREAM, and package stream to see
// whether an entry exists without reading it.
type PrefixWriter struct{ kept []byte }

const maxPrefix = 1 << 10

// Write is called by go-redis with the reply, piece by piece.
func (w *PrefixWriter) Write(b []byte) (int, error) {
	w.kept = append(w.kept, b[:min(len(b), maxPrefix-len(w.kept))]...)
	return len(b), nil
}

// Err is the reply's error, if it is one: go-redis does not look into a reply that it only passes on.
func (w *PrefixWriter) Err() error {
	if message, failed := strings.CutPrefix(string(w.kept), "-"); failed {
		message, _, _ = strings.Cut(message, "\r\n")
		return ReplyError(message)
	}
	return nil
}

// EmptyArray reports whether the reply is an array without elements.
func (w *PrefixWriter) EmptyArray() bool { return strings.HasPrefix(string(w.kept), "*0\r\n") }

// bulk is the string that follows a name in a flat reply; empty when it is not there.
func (w *PrefixWriter) bulk(name string) string {
	_, rest, _ := strings.Cut(string(w.kept), name+"\r\n$")
	_, rest, _ = strings.Cut(rest, "\r\n")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}
