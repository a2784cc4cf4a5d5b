package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// body is the names and values of one entry in the order they were sent.
type body struct {
	size  worker.Size // the sum is taken at the end
	sum   hash.Hash
	room  int    // bytes that may still be kept
	text  []byte // of the present name or value
	keep  bool   // it is kept
	value bool   // it is a value
	name  string // of which the value follows,
	named bool   // if it is kept
}

// next is the body of the next entry.
func (b body) next() body {
	if b.sum == nil {
		b.sum = sha256.New()
	}
	b.sum.Reset()
	return body{sum: b.sum, room: event.MaxEntryBytes, text: b.text[:0]}
}

// begin begins a name or a value of so many bytes.
func (b *body) begin(n int) {
	b.size.Bytes += n
	if !b.value {
		b.size.Fields++
	}
	b.sum.Write([]byte(strconv.Itoa(n) + ":"))
	b.text, b.keep = b.text[:0], n <= b.room && (!b.value || b.named)
	if b.keep {
		b.room -= n
	}
}

func (b *body) add(piece []byte) {
	b.sum.Write(piece)
	if b.keep {
		b.text = append(b.text, piece...)
	}
}

// end ends it.
func (b *body) end(fields map[string]string) {
	switch {
	case !b.value:
		b.name, b.named = string(b.text), b.keep
	case b.keep:
		fields[b.name] = string(b.text)
	}
	b.value = !b.value
}

// whole is the size of the entry, if a dead letter could not hold it.
func (b *body) whole() worker.Size {
	if b.size.Bytes <= deadMaxBody {
		return worker.Size{}
	}
	b.size.Sum = hex.EncodeToString(b.sum.Sum(nil))
	return b.size
}
