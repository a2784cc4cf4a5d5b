package stream

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// idSet is a sorted slice: 16 bytes an ID, and IDs mostly arrive in order.
type idSet []event.ID

func (s *idSet) add(id event.ID) {
	if n := len(*s); n == 0 || (*s)[n-1].Compare(id) < 0 {
		*s = append(*s, id)
		return
	}
	if i, found := slices.BinarySearchFunc(*s, id, event.ID.Compare); !found {
		*s = slices.Insert(*s, i, id)
	}
}

func (s idSet) has(id event.ID) bool {
	_, found := slices.BinarySearchFunc(s, id, event.ID.Compare)
	return found
}
