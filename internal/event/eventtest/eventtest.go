// Package eventtest has entries and rules for tests of whatever decodes events.
package eventtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Rules allow a thousand Pods and the templates big (an hour), free (no deadline) and the built-in one (six hours).
func Rules() event.Rules {
	return event.Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 6 * time.Hour, "big": time.Hour, "free": 0}}
}

// Fields returns a valid entry's fields with the given ones set, or, where the value is `-`, taken out.
func Fields(pairs ...string) map[string]string {
	f := map[string]string{"type": "scale_up", "pod_count": "3"}
	for i := 0; i+1 < len(pairs); i += 2 {
		f[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "-" {
			delete(f, pairs[i])
		}
	}
	return f
}

// Metadata returns n metadata fields with values of that many bytes.
func Metadata(n, size int) map[string]string {
	f := make(map[string]string, n)
	for i := range n {
		f[fmt.Sprintf("key%d", i)] = strings.Repeat("v", size)
	}
	return f
}
