package redis

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// idSet is a sorted slice: 16 bytes an ID, and IDs mostly arrive in order.
type idSet []worker.ID

func (s *idSet) add(id worker.ID) {
	if n := len(*s); n == 0 || (*s)[n-1].Compare(id) < 0 {
		*s = append(*s, id)
		return
	}
	if i, found := slices.BinarySearchFunc(*s, id, worker.ID.Compare); !found {
		*s = slices.Insert(*s, i, id)
	}
}

func (s idSet) has(id worker.ID) bool {
	_, found := slices.BinarySearchFunc(s, id, worker.ID.Compare)
	return found
}
