package main

import (
	"bytes"
	"testing"
	"time"
)

func TestPrinterKeepsTheLiveBlockBelow(t *testing.T) {
	b := &bytes.Buffer{}
	p := newPrinter(b)
	p.terminal = true
	p.show([]string{"one", "two"})
	p.say("above")
	p.show([]string{"three"})
	p.keepBlock()
	p.say("below")
	want := "one\ntwo\n" + "\r\x1b[2A\x1b[J" + "above\n" + "one\ntwo\n" + "\r\x1b[2A\x1b[J" + "three\n" + "below\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}

func TestPrinterWithoutATerminal(t *testing.T) {
	b := &bytes.Buffer{}
	p := newPrinter(b)
	p.show([]string{"live"})
	p.say("%s", p.red("plain"))
	if b.String() != "plain\n" {
		t.Errorf("got %q", b)
	}
}

func TestFit(t *testing.T) {
	tests := []struct {
		name, line string
		width      int
		want       string
	}{
		{"short", "abc", 80, "abc"},
		{"unknown width", "abcdef", 0, "abcdef"},
		{"cut", "abcdef", 4, "abc\x1b[0m"},
		{"colours count for nothing", "\x1b[31mab\x1b[0m", 4, "\x1b[31mab\x1b[0m"},
		{"cut in colour", "\x1b[31mabcdef\x1b[0m", 4, "\x1b[31mabc\x1b[0m"},
	}
	for _, tt := range tests {
		if got := fit(tt.line, tt.width); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		12*time.Millisecond + 900: "12 ms",
		1400 * time.Millisecond:   "1.40 s",
		30041 * time.Millisecond:  "30.0 s",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
