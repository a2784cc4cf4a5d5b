package stream

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// How many arrays enclose the list of entries in a reply.
const (
	inRange = 0 // XRANGE
	inGroup = 2 // XREADGROUP: the streams, and of each its name and its entries
)

// maxLine bounds what is kept of a line of the protocol: a length, or an error's message.
const maxLine = 512

// respReader decodes entries while they come over the wire, so that one of many megabytes needs no memory: of each entry
// it keeps what an event can have at most, and of the rest the size and a hash. go-redis' own decoder keeps everything.
// The format is RESP2: https://redis.io/docs/latest/develop/reference/protocol-spec/.
type respReader struct {
	enclosing int          // arrays around the list of entries
	arrives   func() error // called before the first field of the first entry is looked at; nil: nobody asks

	line      []byte // the first line of a value, until it is complete
	remaining int    // bytes of a string, with its CRLF, that are still to come
	open      []int  // of each array that is not complete: how many values are still to come
	err       error  // after it the rest is skipped

	entries []worker.Entry
	id      []byte
	entry   entryReader // of the last entry
	size    int         // bytes of all names and values
}

// queueEntries sends a command that replies with entries, with a pipeline or at once with a client; the result is there
// when that has been executed.
func queueEntries(ctx context.Context, to interface {
	Process(ctx context.Context, cmd goredis.Cmder) error
}, r *respReader, command ...any,
) entryReply {
	cmd := goredis.NewRawWriteToCmd(ctx, r, command...)
	_ = to.Process(ctx, cmd) // the command has its error
	return func() ([]worker.Entry, int, error) {
		if err := cmd.Err(); err != nil {
			return nil, 0, err
		}
		return r.entries, r.size, r.err
	}
}

// Write is called by go-redis with the reply, piece by piece. It never fails: the connection can take the next command only
// after all of this reply was read.
func (r *respReader) Write(piece []byte) (int, error) {
	for rest := piece; len(rest) > 0 && r.err == nil; {
		if r.remaining > 0 {
			n := min(r.remaining, len(rest))
			r.text(rest[:n])
			rest = rest[n:]
			continue
		}
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, line[:min(len(line), maxLine-len(r.line))]...)
		if rest = after; ended {
			r.start(bytes.TrimSuffix(r.line, []byte("\r")))
			r.line = r.line[:0]
		}
	}
	return len(piece), nil
}

// depth counts the arrays around a value from the list of entries on: an entry is at 1, its ID and its list of fields are
// at 2, names and values at 3.
func (r *respReader) depth() int { return len(r.open) - r.enclosing }

// start takes the first line of a value.
func (r *respReader) start(line []byte) {
	if len(line) == 0 {
		r.err = errors.New("empty line in the reply")
		return
	}
	switch line[0] {
	case '-':
		r.err = redis.ReplyError(line[1:])
	case '*':
		r.array(r.length(line[1:]))
	case '$':
		r.string(r.length(line[1:]))
	default:
		r.ended()
	}
}

func (r *respReader) length(digits []byte) int {
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		r.err = errors.New("invalid length in the reply: " + strconv.Quote(string(digits)))
	}
	return n
}

func (r *respReader) array(n int) {
	switch r.depth() {
	case 1:
		r.entries = append(r.entries, worker.Entry{})
		r.id = r.id[:0]
		r.entry.reset()
	case 2:
		r.arrive()
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

func (r *respReader) arrive() {
	if r.arrives != nil {
		r.err, r.arrives = r.arrives(), nil
	}
}

func (r *respReader) string(n int) {
	if n < 0 {
		r.ended()
		return
	}
	r.remaining = n + len("\r\n")
	if r.depth() == 3 {
		r.size += n
		r.entry.start(n)
	}
}

// text takes a piece of a string and of the CRLF after it.
func (r *respReader) text(piece []byte) {
	own := piece[:min(len(piece), max(0, r.remaining-len("\r\n")))]
	r.remaining -= len(piece)
	switch r.depth() {
	case 2:
		r.id = append(r.id, own[:min(len(own), maxLine-len(r.id))]...)
	case 3:
		r.entry.add(own)
	}
	if r.remaining > 0 {
		return
	}
	if r.depth() == 3 {
		r.entry.end(r.entries[len(r.entries)-1].Fields)
	}
	r.ended()
}

// ended counts a complete value, and the arrays that it completes.
func (r *respReader) ended() {
	for n := len(r.open); n > 0; n-- {
		if r.open[n-1]--; r.open[n-1] > 0 {
			return
		}
		if r.open = r.open[:n-1]; r.depth() == 1 {
			r.finish(&r.entries[len(r.entries)-1])
		}
	}
}

func (r *respReader) finish(e *worker.Entry) {
	if e.ID, r.err = event.ParseID(string(r.id)); !e.Trimmed {
		e.Size = r.entry.oversize()
	}
}
