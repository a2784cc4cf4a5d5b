package podlogs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// partSize bounds a line that is delivered whole, its stamp included. A longer one is delivered in parts of at most this size.
const partSize = 32 << 10

// piece is a line of a connection, or a part of one. Its text is valid until the next one is read.
type piece struct {
	time    int64 // of the line; 0: it has no stamp, so it is no line of the program
	text    []byte
	first   bool
	last    bool // by a newline
	partial bool // the connection ended before its newline
	key     key  // of the line, if it is known already
}

// lineReader splits what a connection delivers. Where a long line is split depends on nothing but the line.
type lineReader struct {
	in   *bufio.Reader
	time int64
	more bool // the last piece was not the end of its line
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, partSize)}
}

// next returns a piece and, with the last one, why the connection ended; io.EOF: cleanly. The last one may be empty.
func (r *lineReader) next() (piece, error) {
	text, err := r.in.ReadSlice('\n')
	p := piece{first: !r.more, last: err == nil}
	if errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	p.partial = err != nil
	text = bytes.TrimSuffix(text, []byte{'\n'})
	if p.first {
		r.time, text = cutStamp(text)
	}
	p.time, p.text, r.more = r.time, text, !p.last
	return p, err
}

// cutStamp cuts the stamp off a line. Its length depends on the node's time zone.
func cutStamp(line []byte) (stamp int64, text []byte) {
	const shortest, longest = len("2006-01-02T15:04:05Z"), len("2006-01-02T15:04:05.000000000+00:00")
	i := bytes.IndexByte(line[:min(len(line), longest+1)], ' ')
	if i < shortest {
		return 0, line
	}
	t, err := time.Parse(time.RFC3339Nano, string(line[:i]))
	if err != nil {
		return 0, line
	}
	return t.UnixNano(), line[i+1:]
}
