package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// What a terminal is told: to go up and forget what is below, and whether a line that is too long goes on in the next
// one. If it did, nobody would know how many lines to go up.
const (
	upAndClear = "\x1b[%dA\x1b[J"
	wrapOff    = "\x1b[?7l"
	wrapOn     = "\x1b[?7h"
)

// live is a table that is drawn over itself. It never is higher than the screen, which would scroll away what is to be
// drawn over.
type live struct {
	w       io.Writer
	event   string
	over    bool // nothing more will be drawn: the last table may be as high as it likes
	workers map[int][]string
	drawn   int // lines on the screen
}

func newLive(w io.Writer) *live { return &live{w: w, workers: make(map[int][]string)} }

func (l *live) show(news []redis.Said) error {
	if len(news) == 0 {
		return nil
	}
	for _, s := range news {
		f := s.Fields
		if s.Kind() != "worker" {
			l.event, l.over = sentence(s), s.Ends()
			continue
		}
		index, _ := strconv.Atoi(f["index"])
		l.workers[index] = []string{f["worker"], f["state"], f["attempt"], f["node"], f["reason"], codeIn(f), f["exit_code"]}
	}
	return l.draw()
}

func (l *live) draw() error {
	width, height := sizeOf(l.w)
	lines, err := l.lines(height)
	if err != nil {
		return err
	}
	var screen strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&screen, upAndClear, l.drawn)
	}
	screen.WriteString(wrapOff)
	for _, line := range lines {
		fmt.Fprintln(&screen, cut(line, width))
	}
	screen.WriteString(wrapOn)
	l.drawn = len(lines)
	_, err = io.WriteString(l.w, screen.String())
	return err
}

// lines are as many as a screen of that height takes, with one to spare for the cursor.
func (l *live) lines(height int) ([]string, error) {
	if len(l.workers) == 0 {
		return []string{l.event}, nil
	}
	shown := slices.Sorted(maps.Keys(l.workers))
	if room := max(1, height-4); height > 0 && !l.over && len(shown) > room {
		shown = l.foremost(shown, room)
	}
	rows := make([][]string, 0, len(shown))
	for _, index := range shown {
		rows = append(rows, slices.Clone(l.workers[index]))
	}
	var text strings.Builder
	if err := table(&text, []string{"WORKER", "STATE", "ATTEMPT", "NODE", "REASON", "CODE", "EXIT"}, rows); err != nil {
		return nil, err
	}
	all := append([]string{l.event}, strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")...)
	if hidden := len(l.workers) - len(shown); hidden > 0 {
		all = append(all, fmt.Sprintf("… and %d more workers", hidden))
	}
	return all, nil
}

// foremost are the n workers of whom there is most to see: those without an outcome, then those that did not succeed.
func (l *live) foremost(all []int, n int) []int {
	rank := func(index int) int {
		switch s := worker.State(l.workers[index][1]); {
		case s == worker.StateSucceeded:
			return 2
		case s.IsOutcome():
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b int) int { return rank(a) - rank(b) })
	all = all[:n]
	slices.Sort(all)
	return all
}

// sizeOf is how much a terminal shows; zeros where that is not known.
func sizeOf(w io.Writer) (width, height int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

func cut(line string, width int) string {
	line = strings.TrimRight(line, " ")
	if runes := []rune(line); width > 0 && len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}
