package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// printer writes lines for people. On a terminal it keeps a live block below them and redraws it in place. Several
// goroutines may use it.
type printer struct {
	terminal bool
	color    bool

	mu    sync.Mutex
	w     io.Writer
	width func() int
	live  []string // drawn below the last line
}

func newPrinter(w io.Writer) *printer {
	p := &printer{w: w, width: func() int { return 0 }}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return p
	}
	p.terminal, p.color = true, os.Getenv("NO_COLOR") == ""
	p.width = func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 0
		}
		return width
	}
	return p
}

// say prints a line above the live block.
func (p *printer) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write(p.erase() + fmt.Sprintf(format, args...) + "\n" + p.block())
}

// show replaces the live block; without a terminal there is none.
func (p *printer) show(lines []string) {
	if !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	erase := p.erase()
	p.live = lines
	p.write(erase + p.block())
}

// keepBlock leaves the live block as ordinary lines.
func (p *printer) keepBlock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live = nil
}

// write ignores errors: work and clean-ups continue without a reader.
func (p *printer) write(s string) { _, _ = io.WriteString(p.w, s) }

func (p *printer) erase() string {
	if len(p.live) == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", len(p.live))
}

func (p *printer) block() string {
	width, b := p.width(), strings.Builder{}
	for _, line := range p.live {
		b.WriteString(fit(line, width) + "\n")
	}
	return b.String()
}

// fit cuts a line that the terminal would wrap; colours have no width. A width of 0 is unknown.
func fit(line string, width int) string {
	seen, escape := 0, false
	for i, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		case seen == width-1 && width > 0:
			return line[:i] + "\x1b[0m"
		default:
			seen++
		}
	}
	return line
}

// failure prints an error, with the end of the log of the failed process.
func (p *printer) failure(err error) {
	p.say("%s %v", p.red("demo:"), err)
	var b *logError
	if errors.As(err, &b) && len(b.tail) > 0 {
		p.say("  end of the log of %s:", b.who)
		for _, line := range b.tail {
			p.say("    %s", p.dim(line))
		}
	}
}

func (p *printer) bold(s string) string  { return p.paint("1", s) }
func (p *printer) dim(s string) string   { return p.paint("2", s) }
func (p *printer) red(s string) string   { return p.paint("31", s) }
func (p *printer) green(s string) string { return p.paint("32", s) }

func (p *printer) paint(code, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
