package stream

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestIDSetStaysSorted(t *testing.T) {
	var s idSet
	for _, ms := range []uint64{5, 9, 7, 5, 1} {
		s.add(event.ID{Ms: ms})
	}
	if diff := cmp.Diff(idSet{{Ms: 1}, {Ms: 5}, {Ms: 7}, {Ms: 9}}, s); diff != "" {
		t.Error(diff)
	}
	if !s.has(event.ID{Ms: 7}) || s.has(event.ID{Ms: 7, Seq: 1}) {
		t.Error("has is wrong about 7-0 or 7-1")
	}
}
