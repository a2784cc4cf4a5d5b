package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func ids(x *index, before uint64) string {
	var all []string
	x.before(event.ID{Ms: before}, func(it *item) bool {
		all = append(all, fmt.Sprintf("%d%s", it.id.Ms, map[bool]string{true: "+"}[it.open]))
		return true
	})
	return strings.Join(all, " ")
}

func TestIndex(t *testing.T) {
	x := newIndex()
	for _, ms := range []uint64{5, 3, 9, 5, 7} {
		x.put(event.ID{Ms: ms}, "t", "q")
	}
	x.close(event.ID{Ms: 5})
	x.close(event.ID{Ms: 5})
	x.close(event.ID{Ms: 6})
	x.put(event.ID{Ms: 5}, "t", "q") // an old entry, read again
	for before, want := range map[uint64]string{0: "9+ 7+ 5 3+", 7: "5 3+", 6: "5 3+", 3: ""} {
		if got := ids(x, before); got != want {
			t.Errorf("before %d: %s", before, got)
		}
	}
	x.remove(map[event.ID]bool{{Ms: 5}: true, {Ms: 9}: true})
	if got := ids(x, 0); got != "7+ 3+" || x.closed != 0 {
		t.Errorf("got %s, %d closed", got, x.closed)
	}
}

// TestIndexBound: closed events are dropped, the oldest first; open ones never.
func TestIndexBound(t *testing.T) {
	x := newIndex()
	x.put(event.ID{Ms: 1}, "", "q")
	for ms := uint64(2); ms < maxClosed+10; ms++ {
		x.put(event.ID{Ms: ms}, "", "q")
		x.close(event.ID{Ms: ms})
	}
	if len(x.items) > maxClosed+1 || x.closed != len(x.items)-1 || !x.items[0].open || x.items[1].id.Ms < maxClosed/10 {
		t.Errorf("%d items, %d closed, first %+v", len(x.items), x.closed, x.items[1])
	}
}
