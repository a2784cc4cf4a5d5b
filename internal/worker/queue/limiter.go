package queue

import "time"

// limiter is how many POSTs may be in flight: one more for each round of successes, less after an answer that asks for less.
type limiter struct {
	ceiling   int
	limit     int
	successes int    // since it last changed
	cutAt     uint64 // how many POSTs had been sent at the last cut
}

func newLimiter(ceiling int) limiter {
	return limiter{ceiling: max(ceiling, 1), limit: max(ceiling, 1)}
}

func (l *limiter) succeeded() {
	if l.successes++; l.successes >= l.limit {
		l.limit, l.successes = min(l.limit+1, l.ceiling), 0
	}
}

// cut makes it smaller, once for all POSTs that were in flight together: post is the number of the one that was answered,
// sent is how many there were.
func (l *limiter) cut(post, sent uint64) {
	if post <= l.cutAt {
		return
	}
	l.limit, l.successes, l.cutAt = max(l.limit*7/10, 1), 0, sent
}

// others is how many POSTs one template may have in flight if another one has something to start.
func (l *limiter) others() int { return l.limit - l.limit/4 }

// trials is how many may be in flight.
func (l *limiter) trials() int { return max(l.limit/4, 1) }

// The pauses while the API server rests.
const (
	firstRest = 250 * time.Millisecond
	maxRest   = 10 * time.Second
)

// rest is what the API server asked for: nothing is sent for a while, then one POST at a time, until one is answered. The
// zero value is none.
type rest struct {
	pause   time.Duration
	until   instant
	post    uint64 // how many POSTs had been sent at its last answer
	cause   Answer
	message string
}

func (r *rest) on() bool { return r.pause > 0 }

// allows reports whether a POST may be sent.
func (r *rest) allows(now instant, creating int) bool {
	return !r.on() || now >= r.until && creating == 0
}

// extend begins it, or doubles it, once for all POSTs that were in flight together.
func (r *rest) extend(now instant, c Choice, sent uint64, cause Answer, message string) {
	if r.on() && c.post <= r.post {
		return
	}
	r.pause = min(max(firstRest, 2*r.pause), maxRest)
	r.until, r.post, r.cause, r.message = now.add(r.pause), sent, cause, message
}
