package podlogs

import (
	"bytes"
	"hash/maphash"
)

// maxNote bounds what is kept of a line that a kubelet wrote.
const maxNote = 1 << 10

// What happens to the line that is being read.
const (
	lineNew = iota
	lineKnown
	lineResumed // a part of it was delivered by an earlier connection
	lineForeign // the kubelet's, or the rest of a line whose beginning the connection was not asked for
)

// assembler makes entries of the pieces of one connection after another, and drops what they repeat.
type assembler struct {
	seed  maphash.Seed
	since int64 // lines with an earlier stamp are not wanted
	emit  func(entry) error

	position
	repeats *repeats
	trusted bool // nothing is missing before this connection
	mode    int
	key     key    // of the line that is being read
	skip    int64  // of its bytes, still
	reached bool   // what was delivered of an open line was read again
	held    *entry // what the connection ended with, without a newline: perhaps torn

	note     string // the last line without a stamp
	progress bool   // something new was emitted
	read     bool   // a line of the program was read, or a part of one
}

// begin is called before each connection.
func (a *assembler) begin() {
	a.repeats, a.held, a.note, a.progress, a.read, a.reached, a.mode =
		a.position.repeats(), nil, "", false, false, false, lineForeign
}

// handle takes the next piece of the connection.
func (a *assembler) handle(p piece) error {
	a.read = a.read || p.time != 0
	if p.first {
		if p.partial && p.time != 0 {
			return a.hold(p)
		}
		if p.time == 0 {
			a.mode = lineForeign
			if text := bytes.TrimSpace(p.text); len(text) > 0 {
				a.note = string(text[:min(len(text), maxNote)])
			}
			return nil
		}
		if err := a.identify(p); err != nil {
			return err
		}
	}
	switch a.mode {
	case lineKnown, lineForeign:
		return nil
	case lineResumed:
		n := min(a.skip, int64(len(p.text)))
		a.skip -= n
		a.reached = a.skip == 0
		if p.text = p.text[n:]; a.skip > 0 || len(p.text) == 0 && !p.last {
			return nil
		}
		p.first = false
	}
	if p.partial {
		return a.hold(p)
	}
	return a.deliver(p)
}

// identify decides what happens to the line that begins with a piece.
func (a *assembler) identify(p piece) error {
	if a.key = p.key; a.key == (key{}) {
		a.key = newKey(a.seed, p.time, p.text)
	}
	switch {
	case p.time < a.since || a.repeats.known(a.key):
		a.mode = lineKnown
		return nil
	case a.open && !p.last && a.key == a.openKey:
		a.mode, a.skip, a.repeats.met = lineResumed, a.openBytes, true
		a.repeats.end()
		return nil
	}
	a.mode = lineNew
	return a.beforeNew()
}

// beforeNew says where something may be missing.
func (a *assembler) beforeNew() error {
	if err := a.closeOpen(); err != nil {
		return err
	}
	if !a.repeats.end() || a.trusted {
		return nil
	}
	return a.mark(MarkerGap, "lines may be missing here: the node rotated its log file while it was not being read")
}

// closeOpen ends a line of which nothing more will come.
func (a *assembler) closeOpen() error {
	if !a.open {
		return nil
	}
	k := a.openKey
	a.open = false
	a.add(k)
	a.progress = true
	return a.emit(entry{key: k, last: true})
}

func (a *assembler) deliver(p piece) error {
	switch {
	case !p.last && !a.open:
		a.open, a.openKey, a.openBytes = true, a.key, int64(len(p.text))
	case !p.last:
		a.openBytes += int64(len(p.text))
	default:
		a.open = false
		a.add(a.key)
	}
	a.progress = true
	return a.emit(entry{key: a.key, text: bytes.Clone(p.text), first: p.first, last: p.last})
}

// hold keeps what may be torn: the next connection repeats it, or flush says that it is all.
func (a *assembler) hold(p piece) error {
	if p.first {
		a.key = newKey(a.seed, p.time, p.text)
		continues := a.open && p.time == a.openKey.time // of which more was delivered already
		if p.time < a.since || continues || a.repeats.known(a.key) {
			return nil
		}
	}
	a.held = &entry{key: a.key, text: bytes.Clone(p.text), first: p.first, last: true}
	return nil
}

// flush emits what is held: there will be no further connection.
func (a *assembler) flush() error {
	h := a.held
	if h == nil {
		return a.closeOpen()
	}
	a.held = nil
	if h.first {
		if err := a.beforeNew(); err != nil {
			return err
		}
	}
	a.open = false
	a.add(h.key)
	return a.emit(*h)
}

func (a *assembler) mark(kind Marker, text string) error {
	return a.emit(entry{key: key{time: a.newest}, text: []byte(text), first: true, last: true, marker: kind})
}
