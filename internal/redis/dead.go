package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	deadMaxLen  = 10_000
	deadMaxBody = 8 << 10 // of original names and values
	maxSentence = 1 << 10
	hashChunk   = 4 << 10
	maxCode     = 64
)

// deadLetter returns the fields and values of a dead letter: why, and the original fields as `f:<name>`, in sorted
// order, as far as they fit; one that does not fit does not keep smaller ones out. Of what is left out it tells
// `omitted` (how many), `omitted_bytes` and `sha256` of the whole entry, by which a producer recognises it.
func deadLetter(r worker.Reject) []any {
	letter := []any{
		"original_id", r.ID.String(), "reason_code", clip(r.Code, maxCode), "reason", clip(r.Reason, maxSentence),
	}
	names := slices.Sorted(maps.Keys(r.Fields))
	room, omitted, omittedBytes := deadMaxBody, 0, 0
	for _, name := range names {
		size := len(name) + len(r.Fields[name])
		if size > room {
			omitted++
			omittedBytes += size
			continue
		}
		room -= size
		letter = append(letter, "f:"+name, r.Fields[name])
	}
	if omitted == 0 {
		return letter
	}
	return append(letter, "omitted", omitted, "omitted_bytes", omittedBytes, "sha256", sum(names, r.Fields))
}

// sum hashes name and value of every field in sorted order, each as `<bytes>:<text>`.
func sum(names []string, fields map[string]string) string {
	h := sha256.New()
	put := func(s string) {
		h.Write([]byte(strconv.Itoa(len(s)) + ":"))
		for ; s != ""; s = s[min(len(s), hashChunk):] { // not all at once: it may have many megabytes
			h.Write([]byte(s[:min(len(s), hashChunk)]))
		}
	}
	for _, name := range names {
		put(name)
		put(fields[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
