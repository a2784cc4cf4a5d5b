// Package text bounds and cleans text: what producers, Pods, webhooks and people at a terminal write. It is a leaf that any
// package may import.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clip returns at most n bytes of s as valid UTF-8. Records and status entries are clipped.
func Clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// Ellipsis is Clip, followed by "…" when something was cut off. Error messages quote values like this.
func Ellipsis(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return Clip(s, n) + "…"
}

// Clean makes a text fit for logs, terminals and records: valid UTF-8 without control characters but newline, and without
// those that change the direction of writing.
func Clean(s string) string {
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

// Head is the beginning of a text, clean, of at most n bytes.
func Head(s string, n int) string {
	s = Clean(s[:min(len(s), 4*n)]) // a huge text costs little
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n])
}

// Tail is the end of a text, clean, of at most n bytes: of log lines the last ones matter.
func Tail(s string, n int) string {
	s = Clean(s[max(0, len(s)-4*n):])
	if len(s) <= n {
		return s
	}
	i := len(s) - n
	for !utf8.RuneStart(s[i]) {
		i++
	}
	return strings.TrimSpace(s[i:])
}

// Line is Head without newlines.
func Line(s string, n int) string { return strings.ReplaceAll(Head(s, n), "\n", " ") }

// Printable keeps text that others wrote from moving the cursor, colouring the screen or looking like lines of ours: every
// control and format character becomes a space.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Escape is for what must be seen whole and do no harm on a terminal: every control and format character but the tab, and
// every byte that is no UTF-8, is written as Go would in a string.
func Escape(s []byte) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && n == 1, r < utf8.RuneSelf && r != '\t' && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.Write(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
