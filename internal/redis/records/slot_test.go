package records

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func genSlot(t *rapid.T) worker.SlotRecord {
	text := func(limit int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, limit), func(b []byte) string { return string(b) })
	}
	s := worker.SlotRecord{
		Attempt: rapid.IntRange(1, maxAttempt).Draw(t, "attempt"),
		State:   rapid.SampledFrom([]worker.State{"created", "running", "retrying", "succeeded", "failed", "cancelled", "lost"}).Draw(t, "state"),
		UID:     text(maxUID).Draw(t, "uid"),
		Node:    text(maxNode).Draw(t, "node"),
		Reason:  rapid.OneOf(rapid.Just("-"), text(maxReason)).Draw(t, "reason"),
		At:      time.UnixMilli(rapid.Int64Range(0, maxStamp).Draw(t, "at")).UTC(),
	}
	if rapid.Bool().Draw(t, "ended") {
		s.ExitCode = new(rapid.IntRange(-1, 255).Draw(t, "exit code"))
	}
	return s
}

func TestSlotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genSlot(t)
		got, err := decodeSlot(encodeSlot(want))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%q: %v\n%s", encodeSlot(want), err, diff)
		}
	})
}

func TestSlotPartsAreBounded(t *testing.T) {
	long := strings.Repeat("é ", 5000)
	encoded := encodeSlot(worker.SlotRecord{Attempt: 1, State: "failed", UID: long, Node: long, Reason: long})
	if len(encoded) > 3*(maxUID+maxNode+maxReason)+64 {
		t.Errorf("a slot of %d bytes", len(encoded))
	}
	if _, err := decodeSlot(encoded); err != nil {
		t.Error(err)
	}
}

func TestSlotIsReadable(t *testing.T) {
	at := time.UnixMilli(1756659802903)
	cases := map[string]worker.SlotRecord{
		"1 created u-1 - - - 1756659802903":             {Attempt: 1, State: "created", UID: "u-1", At: at},
		"2 failed u-1 node-1 OOMKilled 137 -":           {Attempt: 2, State: "failed", UID: "u-1", Node: "node-1", Reason: "OOMKilled", ExitCode: new(137)},
		"1 lost %2D - a%20b%25 - 1756659802903":         {Attempt: 1, State: "lost", UID: "-", Reason: "a b%", At: at},
		"1 succeeded - %00%0A%FF Completed 0 " + "1000": {Attempt: 1, State: "succeeded", Node: "\x00\n\xff", Reason: "Completed", ExitCode: new(0), At: time.UnixMilli(1000)},
	}
	for want, slot := range cases {
		if got := encodeSlot(slot); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
