package podlogs

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// idleCheck is after how long without a byte a follow is checked: a connection may hang, and some servers never end a follow.
const idleCheck = time.Minute

// query is the request of the next connection.
func (f *follower) query() url.Values {
	q := url.Values{"container": {f.target.Container}, "timestamps": {"true"}}
	if f.following() {
		q.Set("follow", "true")
	}
	if f.previous {
		q.Set("previous", "true")
	}
	since, ok := f.position.since()
	tail := f.from.Tail
	switch {
	case ok:
	case tail != nil && *tail == 0 && !f.sent.IsZero(): // what was printed since then is new
		since, ok = second(f.sent.UnixNano())-1, true
	case !f.from.Since.IsZero():
		since, ok = second(f.from.Since.UnixNano()), true
	}
	if ok {
		q.Set("sinceTime", time.Unix(since, 0).UTC().Format(time.RFC3339))
	}
	if _, read := f.position.since(); tail != nil && !read && !f.begun && (*tail > 0 || f.sent.IsZero()) {
		q.Set("tailLines", strconv.Itoa(*tail))
	}
	return q
}

func (f *follower) following() bool {
	return !f.once && !f.final && !f.previous && !time.Now().Before(f.pollUntil)
}

// pass is one connection. Its error is emit's.
func (f *follower) pass(ctx context.Context) (result, error) {
	f.begin()
	if f.opening != nil {
		f.opening()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var read atomic.Int64
	query := f.query()
	if f.sent.IsZero() {
		f.sent = time.Now()
	}
	if f.following() {
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			f.cutWhenOver(ctx, cancel, &read)
		}()
		defer func() { cancel(); <-stopped }()
	}
	res, err := f.conn.get(ctx, query, "namespaces", f.target.Namespace, "pods", f.target.Pod, "log")
	if err != nil {
		return result{answer: answerCut, why: text.Line(err.Error(), maxMessage)}, nil
	}
	defer func() { _ = res.Body.Close() }()
	if what, why := classify(res); what != answerOK {
		return result{answer: what, why: why}, nil
	}
	f.begun = true
	return f.consume(&countingReader{res.Body, &read})
}

// consume reads a log to its end.
func (f *follower) consume(body io.Reader) (result, error) {
	r := result{answer: answerCut}
	for lines := newLineReader(body); ; {
		p, err := lines.next()
		if failed := f.handle(p); failed != nil {
			return r, failed
		}
		if errors.Is(err, io.EOF) {
			return result{answer: answerOK, clean: true}, nil
		}
		if err != nil {
			r.why = text.Line(err.Error(), maxMessage)
			return r, nil
		}
	}
}

// cutWhenOver ends a follow that has nothing more to deliver. It returns with the connection.
func (f *follower) cutWhenOver(ctx context.Context, cancel func(), read *atomic.Int64) {
	tick := time.NewTicker(idleCheck)
	defer tick.Stop()
	for last := int64(-1); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n := read.Load(); n != last {
			last = n
			continue
		}
		if s, err := f.conn.observe(ctx, f.target); err == nil && (s.over || s.gone) {
			cancel()
			return
		}
	}
}

// countingReader counts what is read.
type countingReader struct {
	in io.Reader
	n  *atomic.Int64
}

// Read implements io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.n.Add(int64(n))
	return n, err
}
