package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	stateWidth = 10
	timeWidth  = 8 // the table fits in 80 columns
)

// table shows when each worker was first observed in each state, counted from the XADD.
func table(s *eventState, out *printer) []string {
	width := len("WORKER")
	for i, w := range s.workers {
		width = max(width, len(w.label(i)))
	}
	row := func(name, state string, columns ...string) string {
		return fmt.Sprintf("  %-*s  %s %s", width, name, state, right(columns))
	}
	lines := []string{out.dim(row("WORKER", padded("STATE"), "CREATED", "RUNNING", "ENDED", "GONE"))}
	for i, w := range s.workers {
		lines = append(lines, row(w.label(i), paintState(out, w.state),
			since(s.sent, w.created), since(s.sent, w.running), since(s.sent, w.ended), since(s.sent, w.gone)))
	}
	return lines
}

// right aligns columns of times.
func right(columns []string) string {
	for i, c := range columns {
		columns[i] = fmt.Sprintf("%*s", timeWidth, c)
	}
	return strings.Join(columns, " ")
}

func padded(state string) string { return fmt.Sprintf("%-*s", stateWidth, state) }

func (w worker) label(i int) string {
	if w.name == "" {
		return "worker " + strconv.Itoa(i+1)
	}
	return w.name
}

func paintState(out *printer, state string) string {
	text := padded(state)
	switch state {
	case "Running":
		return out.paint("36", text)
	case "Succeeded":
		return out.green(text)
	case "Failed":
		return out.red(text)
	case "gone":
		return out.dim(text)
	}
	return text
}

func since(start, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return formatDuration(t.Sub(start))
}

// formatLine is a change in one line.
func formatLine(s *eventState, l *line, out *printer) string {
	return fmt.Sprintf("  %*s  %s  %s", timeWidth, since(s.sent, l.at), out.dim(fmt.Sprintf("%-6s", l.source)), l.text)
}
