package control

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Bounds of what is read back: the leader writes it, but anybody with the right to its key may have.
const (
	maxPauses      = 20_000
	maxName        = 63      // bytes of a queue's name
	maxText        = 256     // bytes of who and why
	maxPauseRecord = 4 << 10 // bytes, encoded
)

// DecodePaused reads the fields of redis.Keys.Pause: what is paused, worker.AllQueues or a queue. A value that cannot be read
// still pauses, by somebody unknown; a name that no queue can have does not. The leader and the commands for people call it.
func DecodePaused(fields map[string]string) map[string]worker.Paused {
	names := slices.Sorted(maps.Keys(fields))
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || len(name) > maxName })
	paused := make(map[string]worker.Paused)
	for _, name := range names[:min(len(names), maxPauses)] {
		var p worker.Paused
		if value := fields[name]; len(value) > maxPauseRecord || json.Unmarshal([]byte(value), &p) != nil {
			p = worker.Paused{By: "somebody unknown", Reason: "its record cannot be read"}
		}
		paused[name] = CleanPaused(p)
	}
	return paused
}

// CleanPaused makes one printable line each of who and why.
func CleanPaused(p worker.Paused) worker.Paused {
	return worker.Paused{By: text.Line(p.By, maxText), At: p.At, Reason: text.Line(p.Reason, maxText)}
}
