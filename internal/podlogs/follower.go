package podlogs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	maxPause     = 5 * time.Second  // after a failure
	startPause   = 2 * time.Second  // of a container that has not started
	pollInterval = time.Second      // where the node can follow no more logs
	pollFor      = 30 * time.Second // until following is tried again
	endAfter     = 6                // readings that found what will not change any more
	maxReads     = 3                // of a log that is still being written
	maxFinals    = 20               // readings of an ended container that found something new
	failAfter    = 150              // failed requests for the log of a container that has ended: five minutes
)

// errGone means that a Pod was deleted before what it printed earlier could be read.
var errGone = errors.New("the Pod is gone")

// follower reads one container from one connection after another, until it has ended or, if it is to read only once, until it
// has read what there is.
type follower struct {
	client *Client
	target Target
	from   From
	once   bool
	joins  bool // the ring of a source goes on with what this one has read

	opening func() // is called before each connection; may be nil

	assembler

	conn      *conn
	sent      time.Time // when the first request was
	begun     bool      // a connection was answered
	complete  bool      // the last one that was answered ended cleanly
	ran       bool      // the container was seen to run, or to have run
	ends      int       // clean ones
	end       entry     // what the last one held
	ended     bool      // there was one
	final     bool      // the container has ended before the present connection
	previous  bool      // it was started again: this connection reads what it printed before
	restarts  int       // as far as was read
	known     bool      // restarts is known
	pollUntil time.Time // it is polled
	tries     int       // failures in a row
	dead      int       // of them: that say that the log is gone
	finals    int       // readings since the end that found something new
}

// result is what became of one connection.
type result struct {
	answer answer
	why    string
	clean  bool // it ended with a clean end
}

// run reads until the end; emit gets every entry, and its error ends it. The error may be a PermissionError.
func (f *follower) run(ctx context.Context) error {
	var err error
	if f.conn, err = f.client.conns.take(); err != nil {
		return err
	}
	defer f.client.conns.give(f.conn)
	for {
		r, err := f.pass(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		pause, done, err := f.next(ctx, r)
		if done || err != nil {
			return err
		}
		if !retry.Sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

// next decides after a connection what follows.
func (f *follower) next(ctx context.Context, r result) (pause time.Duration, done bool, err error) {
	switch r.answer {
	case answerForbidden:
		return 0, true, &PermissionError{"get pods/log -n " + f.target.Namespace, r.why}
	case answerInvalid:
		return 0, true, fmt.Errorf("reading the log of container %q of Pod %q: %s", f.target.Container, f.target.Pod, r.why)
	}
	if f.settle(r); f.once && r.clean && f.complete && (f.quiet() || f.ends > maxReads) {
		if f.joins {
			return 0, true, nil
		}
		return 0, true, f.flush()
	}
	s, err := f.conn.observe(ctx, f.target)
	switch {
	case errors.As(err, new(*PermissionError)):
		return 0, true, err
	case err != nil:
		return f.again(err.Error())
	case s.gone && f.joins:
		return 0, true, errGone
	case s.gone:
		return 0, true, f.gone()
	case f.once && r.answer == answerWaiting:
		return 0, true, nil
	case f.known && s.restarts > f.restarts:
		return f.restarted(r, s)
	}
	f.known, f.restarts, f.ran = true, s.restarts, f.ran || s.ran
	if s.over && !f.once {
		return f.over(r, s)
	}
	return f.resume(r, s)
}

// quiet reports whether a connection that ended cleanly had nothing new and repeated the last line that was delivered. Of a
// clean end nobody knows whether it is the kubelet's, which may end anywhere. What can be compared with nothing must come twice.
func (f *follower) quiet() bool {
	last, was := f.end, f.ended
	f.end, f.ended = entry{}, true
	if f.held != nil {
		f.end = *f.held
	}
	same := was && last.key == f.end.key && len(last.text) == len(f.end.text) && last.first == f.end.first
	if f.open {
		return !f.progress && f.reached && same
	}
	return !f.progress && f.repeats.whole() && (same || f.repeats.any && f.held == nil)
}

// settle notes how a connection ended.
func (f *follower) settle(r result) {
	switch {
	case r.answer == answerOK:
		if f.complete = r.clean && f.note == ""; f.complete {
			f.ends++
		}
	case !f.final:
		f.complete = false
	}
	if f.once && (f.progress || f.complete) {
		f.tries = 0
	}
}

// again is for a failure that may pass.
func (f *follower) again(why string) (time.Duration, bool, error) {
	if f.tries++; f.once && !f.joins && f.tries > endAfter {
		return 0, true, f.cutOff(why)
	}
	return retry.Backoff(f.tries, maxPause), false, nil
}

// gone ends with a Pod that is deleted. Its last connection had everything if the kubelet ended it.
func (f *follower) gone() error {
	if err := f.flush(); err != nil {
		return err
	}
	if f.complete || !f.begun && !f.ran && !f.once {
		return nil
	}
	return f.mark(MarkerEnd, "the Pod is gone: the end of this log may be missing")
}

// over is for a container that prints nothing more. Its log was read to the end when a connection that began after its end
// repeats the last line and has nothing new.
func (f *follower) over(r result, s containerState) (time.Duration, bool, error) {
	complete := r.clean && f.note == ""
	switch {
	case !s.ran && !f.begun && r.answer != answerOK:
		return 0, true, nil // it never started
	case !f.final:
		f.final, f.tries = true, 0
		return 0, false, nil
	case complete && f.progress:
		if f.finals++; f.finals > maxFinals {
			return 0, true, f.cutOff("every reading of it differs, as if its node's clock was set back")
		}
		f.tries = 0
		return 0, false, nil
	case complete && f.quiet():
		return 0, true, f.flush()
	}
	if f.dead++; r.answer != answerOK || !r.clean || complete && f.read { // the kubelet is away, or ended in the middle of what is known
		f.dead = 0
	}
	if f.tries++; f.dead <= endAfter && f.tries <= failAfter {
		return retry.Backoff(f.tries, startPause), false, nil
	}
	why := strings.Join(strings.Fields(s.why+" "+r.why+" "+f.note), " ")
	if complete {
		why = "the node rotated its file"
	}
	return 0, true, f.cutOff(why)
}

// cutOff ends with what was read.
func (f *follower) cutOff(why string) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.mark(MarkerEnd, "the end of this log may be missing: "+why)
}

// restarted reads what the earlier container still printed, then begins anew.
func (f *follower) restarted(r result, s containerState) (time.Duration, bool, error) {
	read := f.previous && r.clean && f.note == "" && !f.progress
	lost := s.restarts > f.restarts+1 || f.tries > endAfter
	if !read && !lost {
		f.previous = true
		if f.tries++; f.progress {
			f.tries = 0
		}
		return retry.Backoff(f.tries, startPause), false, nil
	}
	err := f.flush()
	if err == nil && lost {
		err = f.mark(MarkerGap, "lines may be missing here: the node no longer has what an earlier start printed")
	}
	if err == nil {
		err = f.mark(MarkerRestarted, fmt.Sprintf("the container was started again (restart %d)", s.restarts))
	}
	f.previous, f.final, f.tries, f.finals, f.restarts, f.position = false, false, 0, 0, s.restarts, position{}
	return 0, err != nil, err
}

// resume is for a container that runs, or will, or that is read only once.
func (f *follower) resume(r result, s containerState) (time.Duration, bool, error) {
	f.final = false
	switch {
	case f.once && f.complete && r.clean:
		return 0, false, nil
	case f.once:
		return f.again(r.why + f.note)
	case strings.Contains(f.note, "inotify") || strings.Contains(f.note, "fsnotify"):
		f.pollUntil, f.tries = time.Now().Add(pollFor), 0
		return pollInterval, false, nil
	case r.clean && time.Now().Before(f.pollUntil):
		return pollInterval, false, nil
	case f.progress:
		f.tries = 0
		return retry.Backoff(1, maxPause), false, nil
	case !s.ran:
		f.tries++
		return retry.Backoff(f.tries, startPause), false, nil
	}
	return f.again("")
}
