package event_test

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestParseID(t *testing.T) {
	for _, s := range []string{"", "1", "1-", "-1", "01-0", "1-00", "+1-0", "1-0-0", "1-18446744073709551616", "a-b", "٣-0"} {
		if id, err := event.ParseID(s); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", s, id)
		}
	}
	for _, s := range []string{"0-1", "1756659802903-0", "18446744073709551615-18446744073709551615"} {
		if id, err := event.ParseID(s); err != nil || id.String() != s {
			t.Errorf("ParseID(%q) = %v, %v", s, id, err)
		}
	}
	if (event.ID{5, 10}).Compare(event.ID{5, 2}) <= 0 || (event.ID{5, 10}).Compare(event.ID{10, 0}) >= 0 {
		t.Error("IDs are not ordered as numbers")
	}
}
