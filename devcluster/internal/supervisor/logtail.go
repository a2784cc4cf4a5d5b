package supervisor

import (
	"os"
	"strings"
)

const (
	tailBytes = 4096
	tailLines = 12
)

// logTail returns the last lines of a log, ready to be appended to an error; empty when there are none.
func logTail(path string) string {
	lines := lastLines(path)
	if len(lines) == 0 {
		return ""
	}
	return "\nlast lines of " + path + ":\n  " + strings.Join(lines, "\n  ")
}

func lastLines(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	buf := make([]byte, min(info.Size(), tailBytes))
	n, _ := f.ReadAt(buf, info.Size()-int64(len(buf)))
	text := strings.TrimSpace(string(buf[:n]))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-tailLines):]
}
