package records

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func genVictims(t *rapid.T, of *event.Event) []worker.Victim {
	earlier := rapid.Custom(func(t *rapid.T) worker.Victim {
		id := event.ID{Ms: rapid.Uint64Range(0, of.EventID.Ms).Draw(t, "ms"), Seq: rapid.Uint64().Draw(t, "seq")}
		return worker.Victim{Event: id, Slot: rapid.IntRange(1, maxSlots).Draw(t, "slot")}
	})
	return rapid.SliceOfNDistinct(earlier, 0, of.PodCount, rapid.ID).Filter(func(all []worker.Victim) bool {
		return !slices.ContainsFunc(all, func(v worker.Victim) bool { return v.Event.IsZero() || v.Event.Compare(of.EventID) >= 0 })
	}).Draw(t, "victims")
}

func TestDecodeVictimsIsStrict(t *testing.T) {
	cases := map[string]struct{ field, value, wantField string }{
		"no ID":            {"victims", "x/1", "victims"},
		"the zero ID":      {"victims", "0-0/1", "victims"},
		"other spelling":   {"victims", "04-0/1", "victims"},
		"no slot":          {"victims", "4-0", "victims"},
		"slot 0":           {"victims", "4-0/0", "victims"},
		"slot huge":        {"victims", "4-0/100001", "victims"},
		"slot with sign":   {"victims", "4-0/+1", "victims"},
		"one space":        {"victims", " ", "victims"},
		"space at the end": {"victims", "4-0/1 ", "victims"},
		"twice":            {"victims", "4-0/1 4-0/1", "victims"},
		"its own event":    {"victims", "5-0/1", "victims"},
		"a later event":    {"victims", "6-0/1", "victims"},
		"more than asked":  {"victims", "4-0/1 4-0/2 4-0/3 4-0/4", "victims"},
		"endless":          {"victims", strings.Repeat("4-0:1 ", 1<<20), "victims"},
		"a slot":           {"s1", "1 created u - - - 1", "s1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"type": "scale_down", "pod_count": "3", c.field: c.value}
			_, err := decodeRecord(event.ID{Ms: 5}, "the key", fields)
			var unreadable *redis.RecordError
			if !errors.As(err, &unreadable) || unreadable.Field != c.wantField {
				t.Errorf("error %v, want one about field %q", err, c.wantField)
			}
		})
	}
}
