package text_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

func TestBounds(t *testing.T) {
	for _, tc := range []struct{ name, got, want string }{
		{"clip", text.Clip("abcdef", 4), "abcd"},
		{"clip within a rune", text.Clip("ab한", 4), "ab"},
		{"clip invalid UTF-8", text.Clip("a\xffb", 9), "ab"},
		{"ellipsis", text.Ellipsis("abcdef", 4), "abcd…"},
		{"ellipsis within a rune", text.Ellipsis("ab한글", 4), "ab…"},
		{"ellipsis of a short text", text.Ellipsis("abcd", 4), "abcd"},
		{"head", text.Head("abc def", 4), "abc"},
		{"head within a rune", text.Head("ab한", 4), "ab"},
		{"tail", text.Tail("one\ntwo", 4), "two"},
		{"tail within a rune", text.Tail("한ab", 4), "ab"},
		{"line", text.Line("a\nb\tc", 9), "a b c"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

func TestControlCharacters(t *testing.T) {
	hostile := "a\x1b[2Jb\u202ec\r\nd\xff"
	if got, want := text.Clean(hostile), "a[2Jbc\nd\uFFFD"; got != want {
		t.Errorf("Clean: got %q, want %q", got, want)
	}
	if got, want := text.Printable(hostile), "a [2Jb c  d"; got != want {
		t.Errorf("Printable: got %q, want %q", got, want)
	}
}

func TestHugeText(t *testing.T) {
	for _, got := range []string{text.Head(strings.Repeat("한", 1<<20), 100), text.Tail(strings.Repeat("한", 1<<20), 100)} {
		if len(got) > 100 || len(got) < 97 || !utf8.ValidString(got) {
			t.Errorf("%d bytes, want at most 100 and whole runes", len(got))
		}
	}
}

func ExampleLine() {
	fmt.Println(text.Line("admission webhook denied the request:\n\x1b[31mno latest tags\x1b[0m", 60))
	// Output: admission webhook denied the request: [31mno latest tags[0m
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb 한":           "a\tb 한",
		"\x1b[2J\r\x00":    `\x1b[2J\x0d\x00`,
		"\xff\u202e\u009b": `\xff\u202e\u009b`,
	} {
		if got := text.Escape([]byte(in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
