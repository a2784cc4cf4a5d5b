package redis

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// How many arrays stand around the list of entries in a reply.
const (
	inRange = 0 // XRANGE
	inGroup = 2 // XREADGROUP: the streams, and of each its name and its entries
)

// maxLine bounds what is kept of a line of the protocol: a length, or an error's words.
const maxLine = 512

// reply takes entries in while they come over the wire, so that one of many megabytes takes no memory: of each entry it
// keeps what an event can have at most, and of the rest the size and a hash. go-redis' own decoder takes in all there
// is. https://redis.io/docs/latest/develop/reference/protocol-spec/ is what it reads.
type reply struct {
	around int // arrays around the list of entries

	line   []byte // the beginning of a value, until its line ends
	coming int    // bytes of a string, with its CRLF, that are still to come
	open   []int  // of each array that is not complete: how many values are still to come
	err    error  // after which nothing is taken in any more

	entries []worker.Entry
	id      []byte
	body    body // of the last entry
	size    int  // bytes of all names and values
}

// queueEntries asks for entries with a pipeline, or at once with a client; the answer is there when that has been
// executed.
func queueEntries(ctx context.Context, to interface {
	Process(ctx context.Context, cmd goredis.Cmder) error
}, around int, command ...any,
) func() ([]worker.Entry, int, error) {
	r := &reply{around: around}
	cmd := goredis.NewRawWriteToCmd(ctx, r, command...)
	_ = to.Process(ctx, cmd) // the command has its error
	return func() ([]worker.Entry, int, error) {
		if err := cmd.Err(); err != nil {
			return nil, 0, err
		}
		return r.entries, r.size, r.err
	}
}

// Write is called by go-redis with the reply, piece by piece. It never fails: the connection is good for the next
// command only when all of this reply was read.
func (r *reply) Write(piece []byte) (int, error) {
	for rest := piece; len(rest) > 0 && r.err == nil; {
		if r.coming > 0 {
			n := min(r.coming, len(rest))
			r.text(rest[:n])
			rest = rest[n:]
			continue
		}
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, line[:min(len(line), maxLine-len(r.line))]...)
		if rest = after; ended {
			r.begin(bytes.TrimSuffix(r.line, []byte("\r")))
			r.line = r.line[:0]
		}
	}
	return len(piece), nil
}

// depth counts the arrays around a value from the list of entries on: an entry is at 1, its ID and its body are at 2,
// names and values at 3.
func (r *reply) depth() int { return len(r.open) - r.around }

// begin takes the first line of a value.
func (r *reply) begin(line []byte) {
	if len(line) == 0 {
		r.err = errors.New("the reply has an empty line")
		return
	}
	switch line[0] {
	case '-':
		r.err = replyError(clip(string(line[1:]), 256))
	case '*':
		r.array(r.length(line[1:]))
	case '$':
		r.string(r.length(line[1:]))
	default:
		r.ended()
	}
}

func (r *reply) length(digits []byte) int {
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		r.err = errors.New("the reply has the length " + strconv.Quote(string(digits)))
	}
	return n
}

func (r *reply) array(n int) {
	switch r.depth() {
	case 1:
		r.entries = append(r.entries, worker.Entry{})
		r.id, r.body = r.id[:0], r.body.next()
	case 2:
		last := &r.entries[len(r.entries)-1]
		if last.Trimmed = n < 0; !last.Trimmed {
			last.Fields = make(map[string]string, min(n/2, 32))
		}
	}
	if n <= 0 {
		r.ended()
		return
	}
	r.open = append(r.open, n)
}

func (r *reply) string(n int) {
	if n < 0 {
		r.ended()
		return
	}
	r.coming = n + len("\r\n")
	if r.depth() == 3 {
		r.size += n
		r.body.begin(n)
	}
}

// text takes a piece of a string and of the CRLF after it.
func (r *reply) text(piece []byte) {
	own := piece[:min(len(piece), max(0, r.coming-len("\r\n")))]
	r.coming -= len(piece)
	switch r.depth() {
	case 2:
		r.id = append(r.id, own[:min(len(own), maxLine-len(r.id))]...)
	case 3:
		r.body.add(own)
	}
	if r.coming > 0 {
		return
	}
	if r.depth() == 3 {
		r.body.end(r.entries[len(r.entries)-1].Fields)
	}
	r.ended()
}

// ended: a value is complete, and with it perhaps the arrays around it.
func (r *reply) ended() {
	for n := len(r.open); n > 0; n-- {
		if r.open[n-1]--; r.open[n-1] > 0 {
			return
		}
		if r.open = r.open[:n-1]; r.depth() == 1 {
			r.finish(&r.entries[len(r.entries)-1])
		}
	}
}

func (r *reply) finish(e *worker.Entry) {
	if e.ID, r.err = event.ParseID(string(r.id)); !e.Trimmed {
		e.Size = r.body.whole()
	}
}
