//go:build real

package faults

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

const (
	idleLimit = 30 * time.Second // after the fault, or after the last progress
	idleCap   = 30 * time.Minute // even with progress
	idlePause = 200 * time.Millisecond
)

// waitIdle waits until nothing is pending, open or left: up to c.limit after the fault, or after the last progress, since two
// cores need long for thousands of Pods. The table shows how long it took.
func (c *scenario) waitIdle() {
	c.t.Helper()
	if c.faultEnded.IsZero() {
		c.endFault()
	}
	before, last := progress{}, c.faultEnded
	for {
		now, err := c.progress()
		if err == nil {
			err = cmp.Or(now.idle(), c.saveStatus())
		}
		switch {
		case err == nil:
			c.idleAfter = time.Since(c.faultEnded)
			c.say("idle %.1f s after the fault", c.idleAfter.Seconds())
			return
		case time.Since(last) > c.limit, time.Since(c.faultEnded) > idleCap:
			c.t.Errorf("not idle %.0f s after the fault: %v", time.Since(c.faultEnded).Seconds(), err)
			return
		case now != before:
			before, last = now, time.Now()
		}
		c.wait(idlePause)
	}
}

// progress is how far the product has got.
type progress struct {
	read, last    string // entry IDs
	pending, open int64
	pods          int
	status        int64 // entries in the status stream
}

func (c *scenario) progress() (s progress, err error) {
	ctx := c.t.Context()
	groups, err := c.Redis.XInfoGroups(ctx, harness.Stream).Result()
	if err != nil {
		return s, err
	}
	for i := range groups {
		if groups[i].Name == "ottoscaler" {
			s.read, s.pending = groups[i].LastDeliveredID, groups[i].Pending
		}
	}
	stream, err := c.Redis.XInfoStream(ctx, harness.Stream).Result()
	if err != nil {
		return s, err
	}
	s.last = stream.LastGeneratedID
	if s.open, err = c.Redis.SCard(ctx, harness.OpenKey).Result(); err != nil {
		return s, err
	}
	if s.status, err = c.Redis.XLen(ctx, harness.StatusKey).Result(); err != nil {
		return s, err
	}
	pods, err := c.pods()
	s.pods = len(pods)
	return s, err
}

func (s progress) idle() error {
	if s.read != s.last || s.pending+s.open+int64(s.pods) > 0 {
		return fmt.Errorf("read up to %q of %q, %d pending, %d open, %d Pods", s.read, s.last, s.pending, s.open, s.pods)
	}
	return nil
}

// idle returns an error that says what is not done yet.
func (c *scenario) idle() error {
	s, err := c.progress()
	if err != nil {
		return err
	}
	return s.idle()
}
