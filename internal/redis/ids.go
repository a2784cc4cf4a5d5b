package redis

import (
	"math"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// MaxID is the highest ID a stream entry can have.
var MaxID = event.ID{Ms: math.MaxUint64, Seq: math.MaxUint64}

// NextID is the ID right after id: package stream pages through the pending list with it, and the janitor of package
// records trims up to it. The highest ID has none, and nothing can follow it.
func NextID(id event.ID) event.ID {
	switch {
	case id == MaxID:
		return id
	case id.Seq == math.MaxUint64:
		return event.ID{Ms: id.Ms + 1}
	}
	return event.ID{Ms: id.Ms, Seq: id.Seq + 1}
}
