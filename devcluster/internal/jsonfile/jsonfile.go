// Package jsonfile keeps small values in JSON files that only their owner can read.
package jsonfile

import (
	"encoding/json"
	"fmt"
	"os"
)

// Read decodes the file into v, a pointer. The error is fs.ErrNotExist when there is no file.
func Read(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// Write replaces the file atomically: a reader or a crash never sees a partial one.
func Write(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
