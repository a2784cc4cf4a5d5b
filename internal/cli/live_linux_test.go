package cli

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// terminal opens a pseudo-terminal of a size: what is written to it, and what a screen would get.
func terminal(t *testing.T, width, height uint16) (tty, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
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

// picture is a terminal's screen: lines that wrap and scroll.
type picture struct {
	width, height int
	lines         [][]rune
	row, col      int
	noWrap        bool
}

func (p *picture) draw(text string) {
	p.lines = [][]rune{nil}
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			n := strings.IndexAny(rest, "AJlh")
			p.control(rest[:n], rest[n])
			text = rest[n+1:]
			continue
		}
		for _, r := range text {
			p.put(r)
			text = text[len(string(r)):]
			break
		}
	}
}

func (p *picture) control(arg string, what byte) {
	switch what {
	case 'A':
		n, _ := strconv.Atoi(arg)
		p.row = max(0, len(p.lines)-p.height, p.row-n)
	case 'J':
		p.lines = p.lines[:p.row+1]
		p.lines[p.row] = p.lines[p.row][:min(p.col, len(p.lines[p.row]))]
	case 'l', 'h':
		p.noWrap = what == 'l'
	}
}

func (p *picture) put(r rune) {
	switch {
	case r == '\r':
		p.col = 0
		return
	case r == '\n' || p.col == p.width && !p.noWrap:
		if p.row++; p.row == len(p.lines) {
			p.lines = append(p.lines, nil)
		}
		if r == '\n' {
			return
		}
		p.col = 0
	case p.col == p.width:
		p.col--
	}
	line := p.lines[p.row] // nothing is ever written over the middle of one
	p.lines[p.row] = append(slices.Clone(line[:min(p.col, len(line))]), r)
	p.col++
}

func (p *picture) String() string {
	var b strings.Builder
	for _, line := range p.lines {
		fmt.Fprintln(&b, strings.TrimRight(string(line), " "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TestLiveOnTerminal: lines that are too long and tables that are too high leave nothing behind, and the last table is whole.
func TestLiveOnTerminal(t *testing.T) {
	const width, height = 40, 8
	tty, screen := terminal(t, width, height)
	var parts []redis.Said
	state := func(index int, state, reason string) {
		parts = append(parts, said("kind", "worker", "index", strconv.Itoa(index), "worker", fmt.Sprintf("otto-agent-%d-1756659802903-0", index), "state", state, "attempt", "1", "reason", reason))
	}
	parts = append(parts, said("kind", "accepted", "message", strings.Repeat("too long, ", 9)))
	for i := range 6 {
		state(i+1, "created", "")
	}
	for i := range 6 {
		state(i+1, "succeeded", "Completed")
	}
	l := newLive(tty)
	for _, s := range parts[:len(parts)-1] {
		if err := l.show([]redis.Said{s}); err != nil {
			t.Fatal(err)
		}
	}
	want := `accepted · too long, too long, too long…
WORKER                        STATE    …
otto-agent-1-1756659802903-0  succeeded…
otto-agent-2-1756659802903-0  succeeded…
otto-agent-3-1756659802903-0  succeeded…
otto-agent-6-1756659802903-0  created  …
… and 2 more workers
`
	const head = "otto-agent-%d-1756659802903-0  succeeded…\n"
	all := "closed 6 succeeded, 0 failed, 0 cancell…\nWORKER                        STATE    …\n"
	for i := range 6 {
		all += fmt.Sprintf(head, i+1)
	}
	p := &picture{width: width, height: height}
	sofar := read(t, screen)
	if p.draw(sofar); p.String() != want {
		t.Errorf("on the way (-want +got):\n%s", cmp.Diff(want, p.String()))
	}
	end := said("kind", "closed", "n_succeeded", "6", "n_failed", "0", "n_cancelled", "0", "n_lost", "0")
	if err := l.show([]redis.Said{parts[len(parts)-1], end}); err != nil {
		t.Fatal(err)
	}
	p = &picture{width: width, height: height}
	if p.draw(sofar + read(t, screen)); p.String() != all {
		t.Errorf("in the end (-want +got):\n%s", cmp.Diff(all, p.String()))
	}
}

// read is what has been drawn so far: each drawing ends with the order to wrap again.
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
