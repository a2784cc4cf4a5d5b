package cluster

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// cleanups run in reverse order of their registration.
type cleanups struct {
	mu   sync.Mutex
	list []cleanupStep
}

type cleanupStep struct {
	doing string
	do    func() error
}

func (c *cleanups) add(doing string, do func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, cleanupStep{doing, do})
}

// run runs all of them, even after failures.
func (c *cleanups) run() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(c.list) {
		if err := s.do(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.doing, err))
		}
	}
	return errors.Join(errs...)
}
