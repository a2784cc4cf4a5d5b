package realnode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// journal holds what a later run has to know to undo this one and cannot derive from the folder.
// It is written before the thing it names is made.
type journal struct {
	Dir       string `json:"dir"` // for people who wonder whose this is
	ServiceIP string `json:"serviceIP"`
	PodCIDR   string `json:"podCIDR"`
}

// readJournal returns an empty journal when there is none: nothing was made.
func readJournal(file string) (journal, error) {
	var j journal
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return j, err
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		return journal{}, fmt.Errorf("reading %s: %w", file, err)
	}
	return j, nil
}

// write replaces the file as a whole, so that a kill never leaves half of it.
func (j journal) write(file string) error {
	raw, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
