//go:build real

package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestHugeEntries(t *testing.T) {
	p := onRedis(t)
	s, j := p.source(), p.journal(t)
	p.Add(t, "type", "scale_up", "blob", strings.Repeat("x", 16<<20))
	p.Add(t, strings.Repeat("n", 16<<20), "v", "type", "scale_up")
	many := []any{"type", "scale_up"}
	for i := range 10_000 {
		many = append(many, fmt.Sprintf("field-%d", i), "value")
	}
	p.Add(t, many...)
	last := p.Add(t, "type", "scale_up")
	for round := range 2 { // new, then pending
		var entries []worker.Entry
		if got := redistest.Allocated(func() { entries = read(t, s, 4) }); got > 4<<20 {
			t.Errorf("round %d: reading allocated %d bytes", round, got)
		}
		if got := entries[2].Size.Fields; got != 10_001 {
			t.Errorf("round %d: %d fields", round, got)
		}
		if entries[3].ID != last || entries[0].Size.Bytes != len("type"+"scale_up"+"blob")+16<<20 {
			t.Errorf("round %d: read %v", round, ids(entries))
		}
		if round == 1 {
			rejectAll(t, p, j, entries)
		}
		s = p.source()
	}
	if p.Pending(t) != 0 {
		t.Error("something is pending")
	}
}

func rejectAll(t *testing.T, p *process, j *records.Journal, entries []worker.Entry) {
	t.Helper()
	for _, e := range entries {
		write := worker.Reject{ID: e.ID, Fields: e.Fields, Size: e.Size, Code: "invalid_metadata", Reason: "too much", At: at}
		if err := j.Commit(t.Context(), []worker.Write{write}); err != nil {
			t.Fatal(err)
		}
	}
	for _, letter := range p.Raw.XRange(t.Context(), keysOf.Dead(), "-", "+").Val() {
		size := 0
		for name, value := range letter.Values {
			size += len(name) + len(fmt.Sprint(value))
		}
		if size > 12<<10 {
			t.Errorf("the dead letter of %v has %d bytes", letter.Values["original_id"], size)
		}
	}
}
