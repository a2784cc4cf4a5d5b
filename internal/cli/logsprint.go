package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/podlogs"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// markerStatus marks what the status stream kept of a worker whose Pod is gone.
const markerStatus podlogs.Marker = "status"

// linePrinter prints lines, each with one Write.
type linePrinter struct {
	w       io.Writer
	options *logsOptions
	names   event.Names
	colours bool
	escape  bool

	mu   sync.Mutex
	last time.Time      // when a line was printed
	open podlogs.Target // of the last line, while that goes on
	buf  bytes.Buffer
}

func newLinePrinter(w io.Writer, o *logsOptions, names event.Names, noColor bool) *linePrinter {
	terminal := isTerminal(w)
	return &linePrinter{
		w: w, options: o, names: names, colours: terminal && !o.noColor && !noColor, escape: terminal && !o.raw, last: time.Now(),
	}
}

// touch begins the time anew for which nothing is printed.
func (p *linePrinter) touch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
}

// idle is for how long nothing was printed.
func (p *linePrinter) idle() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.last)
}

// print prints a line, or a part of one.
func (p *linePrinter) print(l podlogs.Line) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf.Reset()
	if p.options.output == "ndjson" {
		if err := p.writeJSON(&l); err != nil {
			return err
		}
	} else {
		p.writeText(&l)
	}
	_, err := p.w.Write(p.buf.Bytes())
	p.last = time.Now() // whoever reads a pipe may have let it wait
	return err
}

// writeText writes the prefix where a line begins, and where it goes on after one of another container.
func (p *linePrinter) writeText(l *podlogs.Line) {
	goesOn := p.open == l.Target && l.Marker == ""
	if !goesOn {
		if p.open.Pod != "" {
			p.buf.WriteByte('\n')
		}
		p.writePrefix(l)
	}
	switch {
	case l.Marker != "":
		p.buf.WriteString("[ottoscaler] " + text.Printable(string(l.Text)))
	case p.escape:
		p.buf.WriteString(text.Escape(l.Text))
	default:
		p.buf.Write(l.Text)
	}
	p.open = podlogs.Target{}
	if l.Continued {
		p.open = l.Target
		return
	}
	p.buf.WriteByte('\n')
}

// colours are of the worker and of the container; a worker keeps its own.
var colours = [][2]string{{"1;36", "36"}, {"1;32", "32"}, {"1;35", "35"}, {"1;33", "33"}, {"1;34", "34"}, {"1;96", "96"}, {"1;95", "95"}}

func (p *linePrinter) writePrefix(l *podlogs.Line) {
	pod, container := text.Printable(l.Pod), text.Printable(l.Container)
	if p.colours {
		_, slot, _, _ := p.names.Parse(l.Pod)
		c := colours[slot%len(colours)]
		pod, container = "\x1b["+c[0]+"m"+pod+"\x1b[0m", "\x1b["+c[1]+"m"+container+"\x1b[0m"
	}
	p.buf.WriteString(pod + " ")
	if l.Container != "" {
		p.buf.WriteString(container + " ")
	}
	if p.options.timestamps && !l.Time.IsZero() {
		p.buf.WriteString(l.Time.Format(stampFormat) + " ")
	}
}

// stampFormat has a fixed width.
const stampFormat = "2006-01-02T15:04:05.000000000Z07:00"

// lineView is a line as printed by `-o ndjson`.
type lineView struct {
	Time      string `json:"time,omitempty"`
	EventID   string `json:"event_id"`
	Worker    string `json:"worker"`
	Attempt   int    `json:"attempt"`
	Pod       string `json:"pod"`
	Container string `json:"container,omitempty"`
	Line      string `json:"line"`
	Base64    []byte `json:"line_base64,omitempty"`
	Continued bool   `json:"continued,omitempty"`
	Marker    string `json:"marker,omitempty"`
}

func (p *linePrinter) writeJSON(l *podlogs.Line) error {
	id, slot, attempt, _ := p.names.Parse(l.Pod)
	v := lineView{
		EventID: id.String(), Worker: p.names.Worker(id, slot), Attempt: attempt, Pod: l.Pod, Container: l.Container,
		Continued: l.Continued, Marker: string(l.Marker),
	}
	if !l.Time.IsZero() {
		v.Time = l.Time.Format(stampFormat)
	}
	if utf8.Valid(l.Text) {
		v.Line = string(l.Text)
	} else {
		v.Base64 = l.Text
	}
	enc := json.NewEncoder(&p.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing a line: %w", err)
	}
	return nil
}
