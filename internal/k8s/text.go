package k8s

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxMessage = 1 << 10 // bytes of a message
	maxReason  = 64      // bytes of a reason
)

// clean makes a text fit for logs, terminals and records: valid UTF-8 without control characters but newline, and
// without those that turn the direction of writing.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// head is the beginning of a text, clean, of at most n bytes.
func head(s string, n int) string {
	s = clean(s[:min(len(s), 4*n)]) // so that a huge one costs little
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n])
}

// tail is the end of a text, clean, of at most n bytes: of log lines the last ones tell.
func tail(s string, n int) string {
	s = clean(s[max(0, len(s)-4*n):])
	if len(s) <= n {
		return s
	}
	i := len(s) - n
	for !utf8.RuneStart(s[i]) {
		i++
	}
	return strings.TrimSpace(s[i:])
}

// line is head without newlines.
func line(s string, n int) string {
	return strings.ReplaceAll(head(s, n), "\n", " ")
}

// word is a reason: what does not belong into one is left out. The kubelet's may carry a resource's name:
// OutOfexample.com/gpu.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-_./", r):
			return r
		}
		return -1
	}, s[:min(len(s), 4*maxReason)])
	return s[:min(len(s), maxReason)]
}
