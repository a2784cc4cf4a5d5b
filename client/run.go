package client

import (
	"context"
	"iter"
	"sync"
	"time"
)

// Run is one event on its way. It follows the event in the background until that is closed, Close is called, or the Client is
// closed.
type Run struct {
	c      *Client
	sentID string
	key    string
	stop   context.CancelFunc

	mu        sync.Mutex
	changed   chan struct{} // closed, and another one made, whenever something below changes
	eventID   string
	duplicate bool
	accepted  bool
	pending   []Status // not yet yielded by Events
	done      bool
	result    *Result
	err       error
}

// newRun follows an event. attach: its state is read first, since it may be older than the subscription.
func (c *Client) newRun(id, kind, key string, sub *subscription, attach bool) (*Run, error) {
	r := &Run{c: c, sentID: id, eventID: id, key: key, changed: make(chan struct{})}
	f := &follower{tracker: newTracker(id, kind), lookup: remote{c}, key: key, moved: sub.bind}
	sub.bind(id)
	ctx, stop := context.WithCancel(c.life)
	r.stop = stop
	started := c.start(func(context.Context) {
		defer stop()
		defer sub.close()
		r.follow(ctx, f, sub, attach)
	})
	if !started {
		stop()
		sub.close()
		return nil, ErrClosed
	}
	return r, nil
}

// follow ends when the event does, or when nobody wants to know.
func (r *Run) follow(ctx context.Context, f *follower, sub *subscription, attach bool) {
	err := error(nil)
	if attach {
		err = r.publish(f, func() ([]Status, error) { return f.sync(ctx) })
	}
	for err == nil && !f.ended() {
		var items []item
		if items, _, err = sub.next(ctx); err != nil {
			break
		}
		for _, i := range items {
			if i.gap != nil {
				err = r.publish(f, func() ([]Status, error) { return f.sync(ctx) })
			} else {
				err = r.publish(f, func() ([]Status, error) { return f.read(ctx, i.status) })
			}
			if err != nil {
				break
			}
		}
	}
	if ctx.Err() != nil && !f.ended() {
		err = ErrClosed
	}
	r.finish(f, err)
}

// publish makes what a step of the follower led to visible.
func (r *Run) publish(f *follower, step func() ([]Status, error)) error {
	news, err := step()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, news...)
	r.eventID, r.duplicate, r.accepted = f.eventID, f.duplicate, f.accepted
	r.notify()
	return err
}

func (r *Run) finish(f *follower, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done, r.result, r.err = true, f.result, cmpOr(f.err, err)
	r.notify()
}

func (r *Run) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// verdict waits until it is known whether the request is accepted.
func (r *Run) verdict(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		r.mu.Lock()
		err, done, decided, changed := r.err, r.done, r.accepted, r.changed
		r.mu.Unlock()
		if rejected, ok := err.(*RejectedError); ok { //nolint:errorlint // the follower makes it
			return rejected
		}
		if done || decided {
			return nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// EventID is the event's ID: that of the sent entry, or of the original if that is a duplicate.
func (r *Run) EventID() string { defer r.lock()(); return r.eventID }

// SentID is the ID of the entry that was sent, or attached to.
func (r *Run) SentID() string { return r.sentID }

// IdempotencyKey is the key that the request was sent with; empty after Attach.
func (r *Run) IdempotencyKey() string { return r.key }

// Duplicate reports whether the entry is the same as one that was accepted before, perhaps because it had to be sent twice.
func (r *Run) Duplicate() bool { defer r.lock()(); return r.duplicate }

// Accepted reports whether the request is known to be accepted.
func (r *Run) Accepted() bool { defer r.lock()(); return r.accepted }

func (r *Run) lock() (unlock func()) {
	r.mu.Lock()
	return r.mu.Unlock
}

// Events yields each status of the event once, in order, and ends after closed. What it has yielded it does not yield again: a second
// call goes on where the first one stopped. After entries were missed, statuses made from the event's state take their place. An error is
// the last it yields. Statuses are kept until they are yielded.
func (r *Run) Events(ctx context.Context) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		for {
			s, ok, err := r.take(ctx)
			if err != nil {
				yield(Status{}, err)
				return
			}
			if !ok || !yield(s, nil) {
				return
			}
		}
	}
}

// take waits for the next status; not ok: there is none any more.
func (r *Run) take(ctx context.Context) (s Status, ok bool, err error) {
	for {
		r.mu.Lock()
		if len(r.pending) > 0 {
			s, r.pending = r.pending[0], r.pending[1:]
			r.mu.Unlock()
			return s, true, nil
		}
		done, err, changed := r.done, r.err, r.changed
		r.mu.Unlock()
		if done {
			return Status{}, false, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Status{}, false, context.Cause(ctx)
		}
	}
}

// Wait returns when the event is closed. A worker that failed is a part of the Result, not an error.
func (r *Run) Wait(ctx context.Context) (Result, error) {
	for {
		r.mu.Lock()
		done, result, err, changed := r.done, r.result, r.err, r.changed
		r.mu.Unlock()
		switch {
		case done && err != nil:
			return Result{}, err
		case done:
			return *result, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Result{}, context.Cause(ctx)
		}
	}
}

// Cancel cancels the event: its workers that have not ended. Wait for the returned Run to see their end.
func (r *Run) Cancel(ctx context.Context) (*Run, error) {
	return r.c.Cancel(ctx, CancelRequest{EventID: r.EventID()})
}

// Close stops following the event; Wait and Events return ErrClosed unless it is closed already. The work goes on.
func (r *Run) Close() { r.stop() }
