package podlogs

import (
	"bytes"
	"testing"
)

func TestCutStamp(t *testing.T) {
	for line, want := range map[string]string{
		"2026-11-28T10:00:00.000000001Z text":      "text",
		"2026-11-28T10:00:00.000000001+09:00 a b":  "a b",
		"2026-11-28T10:00:00.000000001Z ":          "",
		"2026-11-28T10:00:00.000000001Ztext":       "-",
		"failed to create fsnotify watcher: x y z": "-",
		"": "-",
	} {
		stamp, text := cutStamp([]byte(line))
		if stamp == 0 != (want == "-") || stamp != 0 && !bytes.Equal(text, []byte(want)) {
			t.Errorf("%q: %d %q", line, stamp, text)
		}
	}
}
