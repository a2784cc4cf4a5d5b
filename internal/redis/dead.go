package redis

import (
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
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
		"code", string(event.ErrCode(r.Code)),
	}
	shown, room, omitted, omittedBytes := 0, deadMaxBody, 0, 0
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		size := len(name) + len(r.Fields[name])
		if size > room {
			omitted++
			omittedBytes += size
			continue
		}
		room -= size
		shown++
		letter = append(letter, "f:"+name, r.Fields[name])
	}
	// Of a huge entry the Source kept a part.
	omitted, omittedBytes = max(omitted, r.Size.Fields-shown), max(omittedBytes, r.Size.Bytes-(deadMaxBody-room))
	if omitted == 0 {
		return letter
	}
	return append(letter, "omitted", omitted, "omitted_bytes", omittedBytes, "sha256", r.Size.Sum)
}
