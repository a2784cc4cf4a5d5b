package checker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// command is one command that Redis executed, as MONITOR shows it.
type command struct {
	Line   int
	At     time.Time // when it was executed; in a transaction, when that was
	Client string
	Args   []string // the name in upper case first
	Tx     int      // its transaction, counted from 1; 0: none
}

func (c *command) where() string { return fmt.Sprintf("MONITOR line %d", c.Line) }

// gap is a time that the recording does not cover.
type gap struct{ From, To time.Time }

// monitor is a whole recording.
type monitor struct {
	Commands []command
	Gaps     []gap
	Ended    bool // the recording ended in order
}

func (m *monitor) inGap(at time.Time) bool {
	for _, g := range m.Gaps {
		if !at.Before(g.From.Truncate(time.Millisecond)) && !at.After(g.To) {
			return true
		}
	}
	return false
}

// Prefixes of the lines that Record adds.
const (
	beginPrefix = "# begin " // and the time from which nothing is missing
	gapPrefix   = "# gap "   // and the two times between which things may be missing
	endPrefix   = "# end "   // and the time up to which nothing is missing
)

func readMonitor(file string) (*monitor, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return parseMonitor(f)
}

func parseMonitor(from io.Reader) (*monitor, error) {
	p := parser{open: make(map[string]*transaction)}
	lines := bufio.NewReaderSize(from, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return &p.monitor, nil // a killed recorder leaves half a line
		}
		if err != nil {
			return nil, err
		}
		if err := p.line(n, strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("MONITOR line %d: %w", n, err)
		}
	}
}

// parser follows the transactions of each client.
type parser struct {
	monitor
	open map[string]*transaction
	txs  int
}

type transaction struct {
	number   int
	commands []int // indices in monitor.Commands
}

func (p *parser) line(n int, line string) error {
	if strings.HasPrefix(line, "#") {
		return p.mark(line)
	}
	c, err := parseCommand(line)
	if err != nil {
		return err
	}
	c.Line = n
	switch tx := p.open[c.Client]; {
	case c.Args[0] == "MULTI":
		p.txs++
		p.open[c.Client] = &transaction{number: p.txs}
	case c.Args[0] == "EXEC" || c.Args[0] == "DISCARD":
		p.executed(tx, c.At)
		delete(p.open, c.Client)
	case tx != nil:
		c.Tx = tx.number
		tx.commands = append(tx.commands, len(p.Commands))
		p.Commands = append(p.Commands, c)
	default:
		p.Commands = append(p.Commands, c)
	}
	return nil
}

// executed gives the commands of a transaction the time of its EXEC: before it the client got no result.
func (p *parser) executed(tx *transaction, at time.Time) {
	if tx == nil {
		return
	}
	for _, i := range tx.commands {
		p.Commands[i].At = at
	}
}

func (p *parser) mark(line string) error {
	var err error
	switch {
	case strings.HasPrefix(line, beginPrefix):
		var begin time.Time
		begin, err = time.Parse(time.RFC3339Nano, line[len(beginPrefix):])
		p.Gaps = append(p.Gaps, gap{To: begin})
	case strings.HasPrefix(line, gapPrefix):
		from, to, _ := strings.Cut(line[len(gapPrefix):], " ")
		var g gap
		var err2 error
		g.From, err = time.Parse(time.RFC3339Nano, from)
		g.To, err2 = time.Parse(time.RFC3339Nano, to)
		err = errors.Join(err, err2)
		p.Gaps = append(p.Gaps, g)
		p.open = make(map[string]*transaction) // all connections were lost
	case strings.HasPrefix(line, endPrefix):
		p.Ended = true
	}
	return err
}

// parseCommand reads `1756659802.903123 [0 127.0.0.1:59284] "xadd" "s" "*" …`.
func parseCommand(line string) (command, error) {
	stamp, rest, ok := strings.Cut(line, " ")
	at, err := parseStamp(stamp)
	if err != nil || !ok {
		return command{}, fmt.Errorf("no time at its beginning: %.60q", line)
	}
	source, rest, ok := strings.Cut(strings.TrimPrefix(rest, "["), "] ")
	_, client, ok2 := strings.Cut(source, " ")
	if !ok || !ok2 {
		return command{}, fmt.Errorf("no client: %.60q", line)
	}
	args, err := parseArgs(rest)
	if err != nil {
		return command{}, err
	}
	args[0] = strings.ToUpper(args[0])
	return command{At: at, Client: client, Args: args}, nil
}

func parseStamp(s string) (time.Time, error) {
	sec, micro, ok := strings.Cut(s, ".")
	a, err1 := strconv.ParseInt(sec, 10, 64)
	b, err2 := strconv.ParseInt(micro, 10, 64)
	if !ok || len(micro) != 6 || b < 0 || a < 0 || errors.Join(err1, err2) != nil {
		return time.Time{}, fmt.Errorf("%.30q is not a time", s)
	}
	return time.UnixMicro(a*1e6 + b).UTC(), nil
}
