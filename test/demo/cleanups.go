package main

import (
	"errors"
	"fmt"
	"slices"
)

// cleanups undo, last in first out, what was set up. Each is added as soon as the thing it undoes exists.
type cleanups struct{ list []cleanup }

type cleanup struct {
	what string
	undo func() error
}

func (c *cleanups) add(what string, undo func() error) {
	c.list = append(c.list, cleanup{what, undo})
}

// run continues after errors and returns all of them.
func (c *cleanups) run() error {
	var errs []error
	for _, step := range slices.Backward(c.list) {
		if err := step.undo(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	c.list = nil
	return errors.Join(errs...)
}
