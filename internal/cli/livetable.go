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

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Terminal control sequences. Lines must not wrap: the number of lines to move up would be unknown.
const (
	moveUpAndClear = "\x1b[%dA\x1b[J"
	wrapOff        = "\x1b[?7l"
	wrapOn         = "\x1b[?7h"
)

// liveTable redraws a table of an event's workers in place. It is never higher than the screen, since what scrolls away cannot
// be redrawn.
type liveTable struct {
	w       io.Writer
	event   string
	final   bool // this is the last table: it may be higher than the screen
	workers map[int][]string
	drawn   int // lines on the screen
}

func newLiveTable(w io.Writer) *liveTable { return &liveTable{w: w, workers: make(map[int][]string)} }

func (t *liveTable) update(entries []inspect.StatusEntry) error {
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		f := e.Fields
		if e.Kind() != "worker" {
			t.event, t.final = describe(e), e.Ends()
			continue
		}
		index, _ := strconv.Atoi(f["index"])
		t.workers[index] = []string{f["worker"], f["state"], f["attempt"], f["node"], f["reason"], entryCode(f), f["exit_code"]}
	}
	return t.draw()
}

func (t *liveTable) draw() error {
	width, height := screenSize(t.w)
	lines, err := t.lines(height)
	if err != nil {
		return err
	}
	var screen strings.Builder
	if t.drawn > 0 {
		fmt.Fprintf(&screen, moveUpAndClear, t.drawn)
	}
	screen.WriteString(wrapOff)
	for _, line := range lines {
		fmt.Fprintln(&screen, truncate(line, width))
	}
	screen.WriteString(wrapOn)
	t.drawn = len(lines)
	_, err = io.WriteString(t.w, screen.String())
	return err
}

// lines are at most one less than height, which leaves a line for the cursor.
func (t *liveTable) lines(height int) ([]string, error) {
	if len(t.workers) == 0 {
		return []string{t.event}, nil
	}
	shown := slices.Sorted(maps.Keys(t.workers))
	if most := max(1, height-4); height > 0 && !t.final && len(shown) > most {
		shown = t.prioritize(shown, most)
	}
	rows := make([][]string, 0, len(shown))
	for _, index := range shown {
		rows = append(rows, slices.Clone(t.workers[index]))
	}
	var table strings.Builder
	if err := printTable(&table, []string{"WORKER", "STATE", "ATTEMPT", "NODE", "REASON", "CODE", "EXIT"}, rows); err != nil {
		return nil, err
	}
	all := append([]string{t.event}, strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n")...)
	if hidden := len(t.workers) - len(shown); hidden > 0 {
		all = append(all, fmt.Sprintf("… and %d more workers", hidden))
	}
	return all, nil
}

// prioritize returns n workers: first those without an outcome, then those that did not succeed.
func (t *liveTable) prioritize(all []int, n int) []int {
	rank := func(index int) int {
		switch s := worker.State(t.workers[index][1]); {
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

// screenSize is zero where w is not a terminal.
func screenSize(w io.Writer) (width, height int) {
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

// truncate bounds a line in runes, not bytes: a terminal counts characters.
func truncate(line string, width int) string {
	line = strings.TrimRight(line, " ")
	if runes := []rune(line); width > 0 && len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}
