package records

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// What a token of encodeOutcomes leaves out of a success.
const (
	usualCode   = 0
	usualReason = "Completed"
)

var (
	outcomeLetters = map[worker.State]string{
		worker.StateSucceeded: "s", worker.StateFailed: "f", worker.StateCancelled: "c", worker.StateLost: "l",
	}
	lettersOutcome = map[string]worker.State{
		"s": worker.StateSucceeded, "f": worker.StateFailed, "c": worker.StateCancelled, "l": worker.StateLost,
	}
)

// hasOutcomes reports whether what is known of a closed event's slots is how they ended.
func hasOutcomes(slots []worker.SlotRecord) bool { return len(slots) > 0 && slots[0].State.IsOutcome() }

// encodeOutcomes is how the workers of a closed event ended, in the order of their slots, as tokens separated by spaces:
//
//	<letter>[:<exit code>[:<reason>]][#<attempt>][*<how many in a row>]
//	s*998 f:1:Error f:137:OOMKilled#2
//
// The letter is s, f, c or l. What is usual is left out: of a success the exit code 0 and the reason Completed; the attempt 1;
// a single one. An empty exit code is none; attempt 0: it had no Pod. Reasons are encoded as those of slots. A thousand
// successes take six bytes, a failure about eight.
func encodeOutcomes(slots []worker.SlotRecord) string {
	var b strings.Builder
	for i := 0; i < len(slots); {
		token, n := encodeOutcome(slots[i]), 1
		for i+n < len(slots) && encodeOutcome(slots[i+n]) == token {
			n++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(token)
		if n > 1 {
			b.WriteString("*" + strconv.Itoa(n))
		}
		i += n
	}
	return b.String()
}

func encodeOutcome(s worker.SlotRecord) string {
	token := outcomeLetters[s.State]
	success := s.State == worker.StateSucceeded
	usual := success && s.Reason == usualReason && s.ExitCode != nil && *s.ExitCode == usualCode
	if said := s.ExitCode != nil || s.Reason != ""; said && !usual || success && !said {
		token += encodeEnd(s)
	}
	if s.Attempt != 1 {
		token += "#" + strconv.Itoa(s.Attempt)
	}
	return token
}

func encodeEnd(s worker.SlotRecord) string {
	code, reason := "", ""
	if s.ExitCode != nil {
		code = strconv.Itoa(*s.ExitCode)
	}
	if s.Reason != "" {
		reason = ":" + strings.ReplaceAll(escape(s.Reason, maxReason), ":", "%3A") // a path may have it, a token may not
	}
	return ":" + code + reason
}

// decodeOutcomes accepts what encodeOutcomes writes of n slots.
func decodeOutcomes(value string, n int) ([]worker.SlotRecord, error) {
	slots := make([]worker.SlotRecord, 0, n)
	for token := range strings.SplitSeq(value, " ") {
		s, count, err := decodeOutcome(token)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is not an outcome: %w", text.Clip(token, maxQuoted), err)
		case count > n-len(slots):
			return nil, fmt.Errorf("more than %d outcomes", n)
		}
		for range count {
			slots = append(slots, s)
		}
	}
	if len(slots) < n {
		return nil, fmt.Errorf("%d outcomes of %d", len(slots), n)
	}
	return slots, nil
}

func decodeOutcome(token string) (s worker.SlotRecord, count int, err error) {
	var d slotDecoder
	token, times, repeated := strings.Cut(token, "*")
	token, attempt, numbered := strings.Cut(token, "#")
	letter, end, described := strings.Cut(token, ":")
	state, known := lettersOutcome[letter]
	d.check(known, letter, "outcome")
	s, count = worker.SlotRecord{Attempt: 1, State: state}, 1
	if repeated {
		count = d.number(times, "number of workers")
		d.check(count > 1, times, "number of workers")
	}
	if numbered {
		s.Attempt = d.number(attempt, "attempt")
	}
	switch {
	case described:
		code, reason, _ := strings.Cut(end, ":")
		if code != "" {
			s.ExitCode = d.exitCode(code)
		}
		s.Reason = d.reason(reason)
	case state == worker.StateSucceeded:
		s.ExitCode, s.Reason = new(usualCode), usualReason
	}
	return s, count, d.err
}

func (d *slotDecoder) number(part, what string) int {
	n, ok := number(part, maxAttempt)
	d.check(ok, part, what)
	return int(n)
}

func (d *slotDecoder) reason(part string) string {
	if part == "" {
		return ""
	}
	d.check(!strings.Contains(part, ":"), part, "encoded text")
	return d.text(strings.ReplaceAll(part, "%3A", ":"), maxReason)
}
