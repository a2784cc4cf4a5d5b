package podlogs

import (
	"hash/maphash"
	"slices"
	"time"
)

const (
	maxRecent = 1 << 18 // keys that a position remembers: 4 MiB
	// stepBack is more than the stamps of stdout and stderr differ in their order: the node's clock was set back.
	stepBack = 2 * time.Second
)

// key identifies a line: its stamp in Unix nanoseconds, and a hash of its text or, of a longer one, of its first part. Two lines
// of one key are told apart by their order, which never changes.
type key struct {
	time int64
	hash uint64
}

func newKey(seed maphash.Seed, stamp int64, text []byte) key {
	return key{stamp, maphash.Bytes(seed, text)}
}

// second is the whole second of a stamp.
func second(stamp int64) int64 {
	s := stamp / int64(time.Second)
	if stamp%int64(time.Second) < 0 {
		s--
	}
	return s
}

// position is what was delivered of a log: enough to tell what another connection repeats.
type position struct {
	newest    int64         // stamp; 0: nothing was delivered
	recent    []key         // of the lines of the newest second and the one before, in the order of the file
	forgotten map[int64]int // by second: how many are too many to remember; they come before the others
	stepped   bool          // the clock was set back while recent has lines from before
	tail      bool          // recent begins with the first line that was wanted: others of its second come before

	open      bool // a long line was delivered in part:
	openKey   key
	openBytes int64
}

// add remembers a line.
func (p *position) add(k key) {
	switch {
	case p.newest == 0:
		p.newest = k.time
	case k.time < p.newest-int64(stepBack):
		p.newest, p.stepped = k.time, true
	case k.time > p.newest:
		before := p.floor()
		if p.newest = k.time; p.floor() != before {
			p.prune()
		}
	}
	if len(p.recent) == maxRecent {
		p.forget(maxRecent / 2)
	}
	p.recent = append(p.recent, k)
}

// floor is the second from which on a connection is asked to repeat.
func (p *position) floor() int64 { return second(p.newest) - 1 }

func (p *position) prune() {
	old := func(k key) bool { return second(k.time) < p.floor() }
	n := len(p.recent)
	p.recent = slices.DeleteFunc(p.recent, old)
	p.tail = p.tail && len(p.recent) == n
	if cap(p.recent) > 4096 && len(p.recent) < cap(p.recent)/4 {
		p.recent = slices.Clone(p.recent)
	}
	for s := range p.forgotten {
		if s < p.floor() {
			delete(p.forgotten, s)
		}
	}
	high := func(k key) bool { return k.time > p.newest }
	p.stepped = p.stepped && slices.ContainsFunc(p.recent, high)
}

func (p *position) forget(n int) {
	if p.forgotten == nil {
		p.forgotten = make(map[int64]int)
	}
	for _, k := range p.recent[:n] {
		p.forgotten[second(k.time)]++
	}
	p.recent = slices.Delete(p.recent, 0, n)
}

// since is the second from which on the next connection must repeat; false: from the start.
func (p *position) since() (int64, bool) {
	switch {
	case p.newest == 0 && !p.open:
		return 0, false
	case p.newest == 0:
		return second(p.openKey.time) - 1, true
	case p.open:
		return min(p.floor(), second(p.openKey.time)), true
	}
	return p.floor(), true
}

// repeats is what the next connection repeats.
type repeats struct {
	since     int64
	left      map[key]int
	last      key // the last line that was delivered
	any       bool
	forgotten int // lines that come before those of left
	stepped   bool
	tail      bool
	newest    int64
	met       bool // a known line was met
	over      bool // a new line was met: all that follow are new
}

func (p *position) repeats() *repeats {
	r := &repeats{left: make(map[key]int, len(p.recent)), newest: p.newest, stepped: p.stepped, tail: p.tail}
	r.over = len(p.recent) == 0 && !p.open
	r.since, _ = p.since()
	for _, k := range p.recent {
		if second(k.time) >= r.since {
			r.left[k]++
			r.last, r.any = k, true
		}
	}
	for _, n := range p.forgotten {
		r.forgotten += n
	}
	return r
}

// known reports whether a line was delivered already, by what comes before it in the file.
func (r *repeats) known(k key) bool {
	switch {
	case r.over:
		return false
	case second(k.time) < r.since:
		return true
	case r.left[k] > 0:
		r.left[k]--
		r.met = true
		return true
	case r.met:
		return false
	case r.forgotten > 0:
		r.forgotten--
		return true
	}
	// What comes before the known ones: not wanted, or from before the clock was set back.
	return r.tail && k.time <= r.newest || r.stepped && k.time > r.newest+int64(stepBack)
}

// end is called with the first new line. It reports whether something may be missing before it.
func (r *repeats) end() (gap bool) {
	gap = !r.over && !r.met
	r.over, r.left, r.any = true, nil, false
	return gap
}

// whole reports whether a connection that had nothing new repeated the last line that was delivered.
func (r *repeats) whole() bool { return !r.any || r.left[r.last] == 0 }
