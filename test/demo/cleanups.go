package main

import (
	"errors"
	"fmt"
)

// cleanups undo, last in first out, what was done. Each is added as soon as the thing it undoes exists.
type cleanups struct{ list []cleanup }

type cleanup struct {
	what string
	undo func() error
}

func (c *cleanups) add(what string, undo func() error) {
	c.list = append(c.list, cleanup{what, undo})
}

// run goes on after errors and returns all of them.
func (c *cleanups) run() error {
	var errs []error
	for i := len(c.list) - 1; i >= 0; i-- {
		if err := c.list[i].undo(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.list[i].what, err))
		}
	}
	c.list = nil
	return errors.Join(errs...)
}
