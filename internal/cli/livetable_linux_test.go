package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

// terminal opens a pseudo-terminal: tty is written to, screen reads what a terminal would get.
func terminal(t *testing.T, width, height uint16) (tty, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	fd := int(screen.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width})
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = tty.Close(), screen.Close() })
	return tty, screen
}

// TestLiveTableOnTerminal: lines wider and tables higher than the screen leave no remains, and the last table is complete.
func TestLiveTableOnTerminal(t *testing.T) {
	const width, height = 40, 8
	tty, screen := terminal(t, width, height)
	entries := []inspect.StatusEntry{entry("kind", "accepted", "message", strings.Repeat("too long, ", 9))}
	for _, state := range []string{"created", "succeeded"} {
		for i := range 6 {
			name := fmt.Sprintf("otto-agent-%d-1756659802903-0", i+1)
			entries = append(entries, entry("kind", "worker", "index", strconv.Itoa(i+1), "worker", name, "state", state, "attempt", "1"))
		}
	}
	last := len(entries) - 1
	table := newLiveTable(tty)
	for i := range last {
		if err := table.update(entries[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	drawn := read(t, screen)
	if diff := cmp.Diff(tableInProgress, emulate(drawn, width, height)); diff != "" {
		t.Errorf("in progress (-want +got):\n%s", diff)
	}
	end := entry("kind", "closed", "n_succeeded", "6", "n_failed", "0", "n_cancelled", "0", "n_lost", "0")
	if err := table.update([]inspect.StatusEntry{entries[last], end}); err != nil {
		t.Fatal(err)
	}
	want := "closed 6 succeeded, 0 failed, 0 cancell…\nWORKER                        STATE    …\n"
	for i := range 6 {
		want += fmt.Sprintf("otto-agent-%d-1756659802903-0  succeeded…\n", i+1)
	}
	if diff := cmp.Diff(want, emulate(drawn+read(t, screen), width, height)); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}

const tableInProgress = `accepted · too long, too long, too long…
WORKER                        STATE    …
otto-agent-1-1756659802903-0  succeeded…
otto-agent-2-1756659802903-0  succeeded…
otto-agent-3-1756659802903-0  succeeded…
otto-agent-6-1756659802903-0  created  …
… and 2 more workers
`

// read returns what has been drawn so far and not been read.
func read(t *testing.T, screen *os.File) string {
	t.Helper()
	fd := int(screen.Fd())
	var all strings.Builder
	for buf := make([]byte, 4<<10); ; {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err != nil || ready == 0 {
			return all.String()
		}
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(buf[:n])
	}
}
