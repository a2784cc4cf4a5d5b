package traces

import "testing"

// TestUnbounded: what was rejected unread is of any size, and is not looked up.
func TestUnbounded(t *testing.T) {
	for reason, want := range map[string]bool{"too_large": true, "poison": true, "trimmed": true, "invalid_type": false, "": false} {
		if got := (entry{fields: map[string]string{"kind": "rejected", "reason": reason}}).unbounded(); got != want {
			t.Errorf("rejected, %q: %v", reason, got)
		}
	}
	if (entry{fields: map[string]string{"kind": "worker", "reason": "too_large"}}).unbounded() {
		t.Error("a worker's")
	}
}
