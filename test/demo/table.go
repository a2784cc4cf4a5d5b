package main

import (
	"fmt"
	"strconv"
	"time"
)

const (
	stateWidth = 10
	timeWidth  = 9
)

// table shows the workers: when each was seen in which state, counted from the XADD.
func table(s *story, out *printer) []string {
	width := len("WORKER")
	for i, w := range s.workers {
		width = max(width, len(w.shown(i)))
	}
	head := fmt.Sprintf("  %-*s  %-*s", width, "WORKER", stateWidth, "STATE")
	for _, column := range []string{"CREATED", "RUNNING", "ENDED", "GONE"} {
		head += fmt.Sprintf(" %*s", timeWidth, column)
	}
	lines := []string{out.dim(head)}
	for i, w := range s.workers {
		row := fmt.Sprintf("  %-*s  %s", width, w.shown(i), paintState(out, w.state))
		for _, t := range []time.Time{w.created, w.running, w.ended, w.gone} {
			row += fmt.Sprintf(" %*s", timeWidth, since(s.sent, t))
		}
		lines = append(lines, row)
	}
	return lines
}

func (w worker) shown(i int) string {
	if w.name == "" {
		return "worker " + strconv.Itoa(i+1)
	}
	return w.name
}

func paintState(out *printer, state string) string {
	padded := fmt.Sprintf("%-*s", stateWidth, state)
	switch state {
	case "Running":
		return out.paint("36", padded)
	case "Succeeded":
		return out.green(padded)
	case "Failed":
		return out.red(padded)
	case "gone":
		return out.dim(padded)
	}
	return padded
}

func since(start, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return took(t.Sub(start))
}

// told is a change in one line.
func told(s *story, l *line, out *printer) string {
	return fmt.Sprintf("  %*s  %s  %s", timeWidth, since(s.sent, l.at), out.dim(fmt.Sprintf("%-6s", l.source)), l.text)
}
