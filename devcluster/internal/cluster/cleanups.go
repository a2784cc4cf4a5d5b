package cluster

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// cleanups undo what was made, the last first.
type cleanups struct {
	mu   sync.Mutex
	list []cleanupStep
}

type cleanupStep struct {
	what string
	do   func() error
}

func (c *cleanups) add(what string, do func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, cleanupStep{what, do})
}

// run does all of them, whatever fails.
func (c *cleanups) run() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(c.list) {
		if err := s.do(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.what, err))
		}
	}
	return errors.Join(errs...)
}
