package stream

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// entryReader receives the names and values of one entry in the order they were sent: it keeps those that fit into
// event.MaxEntryBytes, and measures and hashes them all.
type entryReader struct {
	size worker.Size // without the sum
	sum  hash.Hash
	left int // bytes that may still be kept

	text     []byte // of the name or value in progress
	keep     bool   // it is kept
	isValue  bool
	name     string // the name whose value follows,
	nameKept bool   // if it was kept
}

// reset prepares for the next entry; buffers are reused.
func (r *entryReader) reset() {
	if r.sum == nil {
		r.sum = sha256.New()
	}
	r.sum.Reset()
	*r = entryReader{sum: r.sum, left: event.MaxEntryBytes, text: r.text[:0]}
}

// start starts a name or a value of n bytes.
func (r *entryReader) start(n int) {
	r.size.Bytes += n
	if !r.isValue {
		r.size.Fields++
	}
	r.sum.Write([]byte(strconv.Itoa(n) + ":"))
	r.text, r.keep = r.text[:0], n <= r.left && (!r.isValue || r.nameKept)
	if r.keep {
		r.left -= n
	}
}

func (r *entryReader) add(piece []byte) {
	r.sum.Write(piece)
	if r.keep {
		r.text = append(r.text, piece...)
	}
}

// end completes the name or value.
func (r *entryReader) end(fields map[string]string) {
	switch {
	case !r.isValue:
		r.name, r.nameKept = string(r.text), r.keep
	case r.keep:
		fields[r.name] = string(r.text)
	}
	r.isValue = !r.isValue
}

// oversize is the size of an entry that a dead letter cannot hold; zero for any other.
func (r *entryReader) oversize() worker.Size {
	if r.size.Bytes <= redis.MaxDeadLetterBytes {
		return worker.Size{}
	}
	r.size.Sum = hex.EncodeToString(r.sum.Sum(nil))
	return r.size
}
