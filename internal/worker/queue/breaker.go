package queue

import "time"

// How long a lane is shut: what a Pod is refused for takes a person to fix, what a webhook or the API server fails at may be
// over at once.
const (
	refusedPause    = 5 * time.Second
	maxRefusedPause = time.Minute
	failedPause     = 250 * time.Millisecond
	maxFailedPause  = 10 * time.Second
	sweepPause      = 50 * time.Millisecond // once a lane has refused for the whole timeout, so that each event has its last try

	refusalsToOpen = 3 // events in a row
)

// breaker is whether a lane's Pods may be created: while it is open, one is tried at a time. The zero value is closed.
type breaker struct {
	open    bool
	cause   Answer
	message string  // what the API server said
	since   instant // when it opened
	until   instant // the next trial
	pause   time.Duration

	refused int // events in a row
	last    Ref // the last of them

	// refusing is when the first refusal since the last success was, Unix ms; 0: there is none. The term before may have met it.
	refusing int64
}

// succeeded closes it.
func (b *breaker) succeeded() { *b = breaker{} }

// passed closes it too, but the Pods are still refused, by something else.
func (b *breaker) passed() { *b = breaker{refusing: b.refusing} }

// noteRefusal notes when a Pod was refused.
func (b *breaker) noteRefusal(at int64) {
	if b.refusing == 0 || at < b.refusing {
		b.refusing = at
	}
}

// refusedEvent counts an event, and opens the breaker at the third in a row.
func (b *breaker) refusedEvent(r Ref) {
	if b.last != r {
		b.refused, b.last = b.refused+1, r
	}
}

// shut opens it, or keeps it open for longer.
func (b *breaker) shut(now instant, cause Answer, message string, first, limit time.Duration) {
	if !b.open {
		b.open, b.since, b.pause = true, now, 0
	}
	b.cause, b.message = cause, message
	b.pause = min(max(first, 2*b.pause), limit)
	b.until = now.add(b.pause)
}
