package records

import (
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// MaxDeadLetters bounds the dead-letter stream, roughly: Redis trims whole nodes. Package inspect searches twice as many.
const MaxDeadLetters = 10_000

// deadLetter returns the fields and values of a dead letter: the reason, and the original fields as `f:<name>`, in sorted
// order, as far as they fit; one that does not fit does not keep smaller ones out. Of what is left out it has `omitted`
// (how many), `omitted_bytes` and the `sha256` of the whole entry, by which a producer recognizes it.
func deadLetter(r worker.Reject) []any {
	letter := []any{
		"original_id", r.ID.String(), "reason_code", text.Clip(r.Code, maxCode), "reason", text.Clip(r.Reason, maxMessage),
		"code", string(event.ErrCode(r.Code)),
	}
	kept, left, omitted, omittedBytes := 0, redis.MaxDeadLetterBytes, 0, 0
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		size := len(name) + len(r.Fields[name])
		if size > left {
			omitted++
			omittedBytes += size
			continue
		}
		left -= size
		kept++
		letter = append(letter, "f:"+name, r.Fields[name])
	}
	// Of a huge entry the Source has kept only a part of the fields.
	omitted = max(omitted, r.Size.Fields-kept)
	omittedBytes = max(omittedBytes, r.Size.Bytes-(redis.MaxDeadLetterBytes-left))
	if omitted == 0 {
		return letter
	}
	return append(letter, "omitted", omitted, "omitted_bytes", omittedBytes, "sha256", r.Size.Sum)
}
