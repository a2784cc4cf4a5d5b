package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// The installation and the stream whose Pods carry no hash in their names.
const (
	DefaultInstance = "ottoscaler"
	DefaultStream   = "otto:scale:events"
)

// Names builds Pod names. The name of an attempt follows from its event, slot and attempt alone, so the API server
// itself refuses a second Pod for it.
type Names struct {
	prefix string
}

// NewNames returns the Names of one installation on one stream. Any but the default pair puts a five-character hash
// of both into each name, so that two installations in one namespace never meet.
func NewNames(instance, stream string) Names {
	if instance == DefaultInstance && stream == DefaultStream {
		return Names{prefix: "otto-agent-"}
	}
	sum := sha256.Sum256([]byte(instance + "\x00" + stream))
	return Names{prefix: "otto-agent-" + hex.EncodeToString(sum[:])[:5] + "-"}
}

// Worker is the name of a slot's worker and of its first Pod: `otto-agent-<slot>-<event ID>`.
func (n Names) Worker(event ID, slot int) string {
	return n.prefix + strconv.Itoa(slot) + "-" + event.String()
}

// Pod is the name of one attempt's Pod: the worker's, with `-r<attempt>` from the second on.
func (n Names) Pod(event ID, slot, attempt int) string {
	name := n.Worker(event, slot)
	if attempt > 1 {
		name += "-r" + strconv.Itoa(attempt)
	}
	return name
}

// Parse is the inverse of Pod; false for any other name.
func (n Names) Parse(name string) (id ID, slot, attempt int, ok bool) {
	rest, ours := strings.CutPrefix(name, n.prefix)
	if !ours {
		return ID{}, 0, 0, false
	}
	slotText, rest, _ := strings.Cut(rest, "-")
	idText, attemptText, retried := strings.Cut(rest, "-r")
	slot, badSlot := strconv.Atoi(slotText)
	id, badID := ParseID(idText)
	attempt, badAttempt := 1, error(nil)
	if retried {
		attempt, badAttempt = strconv.Atoi(attemptText)
	}
	if badSlot != nil || badID != nil || badAttempt != nil || n.Pod(id, slot, attempt) != name {
		return ID{}, 0, 0, false
	}
	return id, slot, attempt, true
}
