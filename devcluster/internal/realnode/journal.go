package realnode

import (
	"errors"
	"io/fs"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/jsonfile"
)

// journal has what a later run needs to clean up after this one and cannot derive from the folder.
// It is written before what it names is created.
type journal struct {
	Dir       string `json:"dir"` // informational: the folder of the cluster
	ServiceIP string `json:"serviceIP"`
	PodCIDR   string `json:"podCIDR"`
}

// readJournal returns an empty journal when there is no file: nothing was created.
func readJournal(file string) (journal, error) {
	var j journal
	if err := jsonfile.Read(file, &j); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return journal{}, err
	}
	return j, nil
}

func (j journal) write(file string) error { return jsonfile.Write(file, j) }
