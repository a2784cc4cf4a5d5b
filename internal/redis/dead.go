package redis

import (
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	deadMaxLen  = 10_000
	deadMaxBody = 8 << 10 // of original names and values
	maxSentence = 1 << 10
	maxCode     = 64
)

// deadLetter returns the fields and values of a dead letter: why, and the original fields as `f:<name>`, in sorted
// order, as far as they fit; one that does not fit does not keep smaller ones out. Of what is left out it tells
// `omitted` (how many), `omitted_bytes` and `sha256` of the whole entry, by which a producer recognises it.
func deadLetter(r worker.Reject) []any {
	letter := []any{
		"original_id", r.ID.String(), "reason_code", clip(r.Code, maxCode), "reason", clip(r.Reason, maxSentence),
	}
	shown, room := 0, deadMaxBody
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		size := len(name) + len(r.Fields[name])
		if size > room {
			continue
		}
		room -= size
		shown++
		letter = append(letter, "f:"+name, r.Fields[name])
	}
	if r.Size.Fields <= shown { // all of it
		return letter
	}
	return append(letter, "omitted", r.Size.Fields-shown, "omitted_bytes", r.Size.Bytes-(deadMaxBody-room), "sha256", r.Size.Sum)
}
