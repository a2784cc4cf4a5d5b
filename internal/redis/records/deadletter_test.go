package records

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestDeadLetterKeepsASmallEntryWhole(t *testing.T) {
	got := asHash(deadLetter(worker.Reject{
		ID: event.ID{Ms: 5, Seq: 1}, Code: "invalid_type", Reason: "why", Fields: map[string]string{"b": "2", "a": "\xff", "": "x"},
	}))
	want := map[string]string{
		"original_id": "5-1", "reason_code": "invalid_type", "reason": "why", "code": "OTTO401", "f:a": "\xff", "f:b": "2", "f:": "x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDeadLetterIsBounded(t *testing.T) {
	many := map[string]string{"type": "scale_up"}
	for i := range 3000 {
		many[fmt.Sprintf("field-%05d", i)] = "value"
	}
	small := map[string]string{"type": "scale_up"}
	cases := map[string]struct {
		fields  map[string]string
		size    worker.Size
		omitted string
		bytes   string
	}{
		"one large value keeps no small field out": {
			map[string]string{"a": strings.Repeat("x", 9<<10), "type": "scale_up"},
			worker.Size{Fields: 2, Bytes: 9<<10 + 1 + 12, Sum: "s"},
			"1", fmt.Sprint(9<<10 + 1),
		},
		"a huge value that was not kept": {small, worker.Size{Fields: 2, Bytes: 16<<20 + 1 + 12, Sum: "s"}, "1", fmt.Sprint(16<<20 + 1)},
		"three thousand fields":          {many, worker.Size{Fields: 3001, Bytes: 48_012, Sum: "s"}, "2489", "39820"},
		"many fields of no bytes":        {map[string]string{"": "", "type": "scale_up"}, worker.Size{}, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			letter := deadLetter(worker.Reject{Reason: strings.Repeat("r", 1<<20), Code: "c", Fields: c.fields, Size: c.size})
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
			if name != "three thousand fields" && got["f:type"] != "scale_up" {
				t.Error("the small field type is gone")
			}
		})
	}
}
