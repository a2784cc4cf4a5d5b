package client

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of a slot's parts, once decoded.
const (
	maxAttempt = 1_000_000
	maxWord    = 128
	maxNode    = 253
	maxStamp   = 253_402_300_799_999 // the last millisecond of the year 9999
	slotParts  = 7
	noPart     = "-"
)

// decodeSlot reads `<attempt> <state> <uid> <node> <reason> <exit code> <Unix ms>`.
func decodeSlot(value string) (w WorkerSnapshot, problem string) {
	parts := strings.SplitN(value, " ", slotParts+1)
	if len(parts) != slotParts {
		return w, fmt.Sprintf("%.64q does not have %d parts", value, slotParts)
	}
	var d partDecoder
	w = WorkerSnapshot{
		Attempt: d.attempt(parts[0], 1), State: d.text(parts[1], maxWord), UID: d.text(parts[2], maxWord),
		Node: d.text(parts[3], maxNode), Reason: d.text(parts[4], maxWord),
	}
	d.check(w.State != "", parts[1], "state")
	if parts[5] != noPart {
		w.ExitCode = d.exitCode(parts[5])
	}
	if parts[6] != noPart {
		ms, ok := number(parts[6], maxStamp)
		d.check(ok, parts[6], "time in milliseconds")
		w.At = time.UnixMilli(ms).UTC()
	}
	return w, d.problem
}

// partDecoder keeps the first problem.
type partDecoder struct{ problem string }

func (d *partDecoder) check(ok bool, part, want string) {
	if !ok && d.problem == "" {
		d.problem = fmt.Sprintf("%.64q is not a valid %s", part, want)
	}
}

func (d *partDecoder) attempt(part string, low int64) int {
	n, ok := number(part, maxAttempt)
	d.check(ok && n >= low, part, "attempt")
	return int(n)
}

func (d *partDecoder) exitCode(part string) *int {
	code, ok := exitCode(part)
	d.check(ok, part, "exit code")
	return &code
}

func (d *partDecoder) text(part string, limit int) string {
	if part == noPart {
		return ""
	}
	decoded, err := url.PathUnescape(part)
	d.check(err == nil && decoded != "" && len(decoded) <= limit && utf8.ValidString(decoded), part, "text")
	return decoded
}

var outcomeLetters = map[string]string{"s": StateSucceeded, "f": StateFailed, "c": StateCancelled, "l": StateLost}

// outcomes decodes the workers of a closed scale_up. A run is never longer than what pod_count leaves room for, so a hostile one costs
// nothing.
func (d *snapshotDecoder) outcomes() {
	value, ok := d.fields["outcomes"]
	if !ok {
		return
	}
	for token := range strings.SplitSeq(value, " ") {
		w, run, problem := decodeOutcome(token)
		d.check(problem == "", "outcomes", "%s", problem)
		d.check(run <= d.s.PodCount-len(d.s.Workers), "outcomes", "more than pod_count %d", d.s.PodCount)
		if d.err != nil {
			return
		}
		for range run {
			w.Index = len(d.s.Workers) + 1
			d.s.Workers = append(d.s.Workers, w)
		}
	}
	d.check(len(d.s.Workers) == d.s.PodCount, "outcomes", "%d, pod_count is %d", len(d.s.Workers), d.s.PodCount)
}

// decodeOutcome reads `<letter>[:<exit code>[:<reason>]][#<attempt>][*<how many>]`.
func decodeOutcome(token string) (w WorkerSnapshot, run int, problem string) {
	var d partDecoder
	rest, count, hasRun := strings.Cut(token, "*")
	rest, attempt, hasAttempt := strings.Cut(rest, "#")
	letter, end, _ := strings.Cut(rest, ":")
	code, reason, _ := strings.Cut(end, ":")

	w = WorkerSnapshot{State: outcomeLetters[letter], Attempt: 1}
	d.check(w.State != "", token, "outcome")
	if w.State == StateSucceeded {
		w.ExitCode, w.Reason = new(0), "Completed"
	}
	if code != "" {
		w.ExitCode = d.exitCode(code)
	}
	if reason != "" {
		w.Reason = d.text(reason, maxWord)
	}
	if hasAttempt {
		w.Attempt = d.attempt(attempt, 0)
	}
	run = 1
	if hasRun {
		n, ok := number(count, maxSlots)
		d.check(ok && n > 0, token, "run of outcomes")
		run = int(n)
	}
	return w, run, d.problem
}
