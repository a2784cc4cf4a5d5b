package queue

import "time"

const (
	quotaPause    = 5 * time.Second
	maxQuotaPause = time.Minute
)

// quota is a lane's state while the namespace's quota is full. A freed place is a credit, good for one POST of the fairest
// lane in it. Besides the lane probes, in case the quota was raised: each time its probes succeed without a credit there are
// twice as many, until there are as many as the API server takes. The zero value is not full.
type quota struct {
	full    bool
	message string // what the API server said
	since   instant
	until   instant // the next probes
	pause   time.Duration
	growth  int    // how many of them there are
	free    int    // how many are left
	post    uint64 // how many POSTs had been sent when they last failed: answers to those say nothing new
}

// probes reports whether a POST without a credit may be sent.
func (q *quota) probes(now instant) bool { return q.free > 0 || now >= q.until }

// probe takes one of them.
func (q *quota) probe(now instant) {
	if q.free > 0 {
		q.free--
		return
	}
	q.until, q.free = now.add(q.pause), q.growth-1
}

// exceeded handles that the quota is full; true: it was not before.
func (q *quota) exceeded(now instant, c Choice, sent uint64, message string) (entered bool) {
	if !q.full {
		*q = quota{full: true, since: now, until: now.add(quotaPause), pause: quotaPause, growth: 1, post: sent, message: message}
		return true
	}
	if q.message = message; c.Credit || c.post <= q.post {
		return false
	}
	q.growth, q.free, q.post = 1, 0, sent
	q.pause = min(2*q.pause, maxQuotaPause)
	q.until = now.add(q.pause)
	return false
}

// grew handles a success without a credit; true: the mode ends.
func (q *quota) grew(now instant, c Choice, ceiling int) (ended bool) {
	if c.post <= q.post {
		return false
	}
	q.pause, q.growth, q.until = quotaPause, min(2*q.growth, ceiling), now
	return q.growth == ceiling
}

// leaveQuota ends the mode of a lane. Credits mean nothing without such lanes.
func (s *Scheduler) leaveQuota(l *lane) {
	if !l.quota.full {
		return
	}
	l.quota = quota{}
	if s.fullLanes--; s.fullLanes == 0 {
		s.credits = 0
	}
}

// credit says that a Pod has ended.
func (s *Scheduler) credit() {
	if s.fullLanes > 0 {
		s.credits = min(s.credits+1, s.limiter.ceiling)
	}
}
