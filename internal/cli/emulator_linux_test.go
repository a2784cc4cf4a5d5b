package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// emulate returns the screen of a terminal after that output.
func emulate(output string, width, height int) string {
	e := emulator{width: width, height: height}
	e.draw(output)
	return e.String()
}

// emulator is a terminal's screen: lines that wrap and scroll.
type emulator struct {
	width, height int
	lines         [][]rune
	row, col      int
	noWrap        bool
}

func (e *emulator) draw(text string) {
	e.lines = [][]rune{nil}
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			n := strings.IndexAny(rest, "AJlh")
			e.control(rest[:n], rest[n])
			text = rest[n+1:]
			continue
		}
		for _, r := range text {
			e.put(r)
			text = text[len(string(r)):]
			break
		}
	}
}

func (e *emulator) control(arg string, what byte) {
	switch what {
	case 'A':
		n, _ := strconv.Atoi(arg)
		e.row = max(0, len(e.lines)-e.height, e.row-n)
	case 'J':
		e.lines = e.lines[:e.row+1]
		e.lines[e.row] = e.lines[e.row][:min(e.col, len(e.lines[e.row]))]
	case 'l', 'h':
		e.noWrap = what == 'l'
	}
}

func (e *emulator) put(r rune) {
	switch {
	case r == '\r':
		e.col = 0
		return
	case r == '\n' || e.col == e.width && !e.noWrap:
		if e.row++; e.row == len(e.lines) {
			e.lines = append(e.lines, nil)
		}
		if r == '\n' {
			return
		}
		e.col = 0
	case e.col == e.width:
		e.col--
	}
	line := e.lines[e.row] // nothing is ever written over the middle of one
	e.lines[e.row] = append(slices.Clone(line[:min(e.col, len(line))]), r)
	e.col++
}

func (e *emulator) String() string {
	var b strings.Builder
	for _, line := range e.lines {
		fmt.Fprintln(&b, strings.TrimRight(string(line), " "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
