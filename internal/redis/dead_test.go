package redis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestDeadLetterKeepsASmallEntryWhole(t *testing.T) {
	got := asHash(deadLetter(worker.Reject{
		ID: worker.ID{Ms: 5, Seq: 1}, Code: "invalid_type", Reason: "why", Fields: map[string]string{"b": "2", "a": "\xff", "": "x"},
	}))
	want := map[string]string{
		"original_id": "5-1", "reason_code": "invalid_type", "reason": "why", "f:a": "\xff", "f:b": "2", "f:": "x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDeadLetterIsBounded(t *testing.T) {
	many := map[string]string{"type": "scale_up"}
	for i := range 10_000 {
		many[fmt.Sprintf("field-%05d", i)] = "value"
	}
	cases := map[string]struct {
		fields  map[string]string
		omitted string
		bytes   string
	}{
		"one huge value keeps no small field out": {
			map[string]string{"a": strings.Repeat("x", 16<<20), "type": "scale_up"}, "1", fmt.Sprint(16<<20 + 1),
		},
		"a huge name":             {map[string]string{strings.Repeat("x", 1<<20): "", "type": "scale_up"}, "1", fmt.Sprint(1 << 20)},
		"ten thousand fields":     {many, "9489", "151820"},
		"many fields of no bytes": {map[string]string{"": "", "type": "scale_up"}, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			letter := deadLetter(worker.Reject{Reason: strings.Repeat("r", 1<<20), Code: "c", Fields: c.fields})
			got := asHash(letter)
			size := 0
			for k, v := range got {
				size += len(k) + len(v)
			}
			if size > 12<<10 || len(letter) > 2*2000 {
				t.Errorf("%d bytes in %d fields", size, len(got))
			}
			if got["omitted"] != c.omitted || got["omitted_bytes"] != c.bytes || (got["sha256"] == "") != (c.omitted == "") {
				t.Errorf("omitted %q, %q bytes, sha256 %q", got["omitted"], got["omitted_bytes"], got["sha256"])
			}
			if name != "ten thousand fields" && got["f:type"] != "scale_up" {
				t.Error("the small field type is gone")
			}
		})
	}
}

func TestSumTellsNamesFromValues(t *testing.T) {
	a := sum([]string{"a"}, map[string]string{"a": "bc"})
	b := sum([]string{"ab"}, map[string]string{"ab": "c"})
	if a == b {
		t.Error("two entries have one hash")
	}
}
