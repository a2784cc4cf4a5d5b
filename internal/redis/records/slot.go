package records

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// The bounds of a slot's parts. Kubernetes' values are shorter; longer ones are cut off.
const (
	maxUID     = 128
	maxNode    = 253
	maxReason  = 128
	maxAttempt = 1_000_000
	slotParts  = 7
	noPart     = "-"
)

// maxStamp is the last millisecond of the year 9999.
const maxStamp = 253_402_300_799_999

// encodeSlot is seven parts separated by spaces:
//
//	<attempt> <state> <uid> <node> <reason> <exit code> <Unix ms>
//	2 failed 6fd2…-9a1c node-1 OOMKilled 137 1756659802903
//
// Each text is percent-encoded as in a URL's path; `-` stands for an empty text, no exit code, no time.
func encodeSlot(s worker.SlotRecord) string {
	code := noPart
	if s.ExitCode != nil {
		code = strconv.Itoa(*s.ExitCode)
	}
	return strings.Join([]string{
		strconv.Itoa(s.Attempt), escape(string(s.State), maxReason), escape(s.UID, maxUID), escape(s.Node, maxNode),
		escape(s.Reason, maxReason), code, encodeTime(s.At),
	}, " ")
}

func encodeTime(t time.Time) string {
	if t.IsZero() {
		return noPart
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// escape leaves no space, and encodes a text that is the bare `-`.
func escape(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	switch s {
	case "":
		return noPart
	case noPart:
		return "%2D"
	}
	return url.PathEscape(s)
}

// decodeSlot accepts exactly what encodeSlot writes of a slot with an attempt.
func decodeSlot(value string) (worker.SlotRecord, error) {
	parts := strings.Split(value, " ")
	if len(parts) != slotParts {
		return worker.SlotRecord{}, fmt.Errorf("%q has %d parts, want %d", text.Clip(value, maxQuoted), len(parts), slotParts)
	}
	var d slotDecoder
	s := worker.SlotRecord{
		Attempt:  d.attempt(parts[0]),
		State:    d.state(parts[1]),
		UID:      d.text(parts[2], maxUID),
		Node:     d.text(parts[3], maxNode),
		Reason:   d.text(parts[4], maxReason),
		ExitCode: d.exitCode(parts[5]),
		At:       d.time(parts[6]),
	}
	if d.err != nil {
		return worker.SlotRecord{}, d.err
	}
	return s, nil
}

// slotDecoder keeps the first error.
type slotDecoder struct{ err error }

func (d *slotDecoder) check(ok bool, part, want string) {
	if !ok && d.err == nil {
		d.err = fmt.Errorf("%q is not a valid %s", text.Clip(part, maxQuoted), want)
	}
}

func (d *slotDecoder) attempt(part string) int {
	n, ok := number(part, maxAttempt)
	d.check(ok && n > 0, part, "attempt")
	return int(n)
}

func (d *slotDecoder) state(part string) worker.State {
	state := worker.State(part)
	known := state == worker.StateCreated || state == worker.StateRunning || state == worker.StateRetrying
	d.check(known || state.IsOutcome(), part, "state")
	return state
}

func (d *slotDecoder) text(part string, limit int) string {
	if part == noPart {
		return ""
	}
	decoded, err := url.PathUnescape(part)
	d.check(err == nil && len(decoded) <= limit && escape(decoded, limit) == part, part, "encoded text")
	return decoded
}

func (d *slotDecoder) exitCode(part string) *int {
	if part == noPart {
		return nil
	}
	n, err := strconv.ParseInt(part, 10, 32)
	d.check(err == nil && strconv.FormatInt(n, 10) == part, part, "exit code")
	code := int(n)
	return &code
}

func (d *slotDecoder) time(part string) time.Time {
	if part == noPart {
		return time.Time{}
	}
	ms, ok := number(part, maxStamp)
	d.check(ok, part, "time in milliseconds")
	return time.UnixMilli(ms).UTC()
}
