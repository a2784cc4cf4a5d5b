package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// statusEntry is one entry of the status stream and when it was written.
type statusEntry struct {
	At     time.Time
	Until  time.Time // the latest possible time: At, except for an entry dated by its ID
	Where  string
	Tx     int
	Fields map[string]string
	Lost   bool // Redis lost it: it may have been written again
}

func (s *statusEntry) kind() string  { return s.Fields["kind"] }
func (s *statusEntry) event() string { return s.Fields["event_id"] }
func (s *statusEntry) state() string { return s.Fields["state"] }

func (s *statusEntry) attempt() int {
	n, _ := strconv.Atoi(s.Fields["attempt"])
	return n
}

func (s *statusEntry) worker() workerID {
	n, _ := strconv.Atoi(s.Fields["index"])
	return workerID{s.event(), n}
}

func (s *statusEntry) isOutcome() bool {
	return s.kind() == "worker" && slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, s.state())
}

func (s *statusEntry) String() string {
	return fmt.Sprintf("%s at %s, %s", strings.TrimSpace(s.kind()+" "+s.state()), s.At.Format("15:04:05.000000"), s.Where)
}

// entryKey is equal for two entries that report the same.
func entryKey(fields map[string]string) string {
	return strings.Join([]string{
		fields["kind"], fields["event_id"], fields["index"], fields["attempt"], fields["state"], fields["queue"],
	}, "|")
}

// selection is the victims of one scale_down.
type selection struct {
	At      time.Time
	Event   string // the scale_down
	Where   string
	Victims []workerID
}

// ack is one acknowledgement.
type ack struct {
	At    time.Time
	Where string
	Tx    int
}

// recorded is a slot's field of a record as written.
type recorded struct {
	Tx    int
	Value string
}

// history is what happened in Redis, in order, with the end state merged in where MONITOR has gaps.
type history struct {
	Status     []statusEntry
	Of         map[string][]*statusEntry // status entries of each event, in order
	Acks       map[string][]ack
	Selections []selection
	Records    map[workerID][]recorded
	SettledTx  map[string][]int // in which transactions events were recorded as settled
	PauseTx    []pauseWrite
	Dead       map[string][]map[string]string // dead letters by original ID
	DeadTx     map[string][]int               // in which transactions they were written
	Adds       []command                      // XADDs of the source stream
	Expiries   map[string]time.Time           // when idempotency keys expire
	Mismatch   findings                       // where MONITOR and the end state differ
}

func newHistory(m *monitor, end *endState, in *Input) *history {
	h := &history{
		Acks: map[string][]ack{}, Records: map[workerID][]recorded{}, Dead: map[string][]map[string]string{},
		Expiries: map[string]time.Time{}, DeadTx: map[string][]int{}, SettledTx: map[string][]int{},
	}
	var dead []entry
	for i := range m.Commands {
		h.apply(&m.Commands[i], in, &dead)
	}
	h.mergeStatus(m, end, in)
	h.mergeDead(dead, end, in.Fault.LostWrites)
	h.mergeVictims(end)
	slices.SortStableFunc(h.Status, func(a, b statusEntry) int { return a.At.Compare(b.At) })
	h.Of = make(map[string][]*statusEntry)
	for i := range h.Status {
		s := &h.Status[i]
		h.Of[s.event()] = append(h.Of[s.event()], s)
	}
	return h
}

// apply adds one command that Redis executed.
func (h *history) apply(c *command, in *Input, dead *[]entry) {
	if len(c.Args) < 3 {
		return
	}
	switch key := c.Args[1]; c.Args[0] {
	case "XADD":
		_, fields, ok := parseXAdd(c.Args)
		switch {
		case !ok:
		case key == in.Stream:
			h.Adds = append(h.Adds, *c)
		case key == in.key("status"):
			h.Status = append(h.Status, statusEntry{At: c.At, Until: c.At, Where: c.where(), Tx: c.Tx, Fields: fields})
		case key == in.key("dead"):
			*dead = append(*dead, entry{Fields: fields})
			h.DeadTx[fields["original_id"]] = append(h.DeadTx[fields["original_id"]], c.Tx)
		}
	case "XACK":
		if key == in.Stream && c.Args[2] == in.Group {
			for _, event := range c.Args[3:] {
				h.Acks[event] = append(h.Acks[event], ack{c.At, c.where(), c.Tx})
			}
		}
	case "PEXPIRE":
		if name, ok := strings.CutPrefix(key, in.key("key:")); ok {
			ms, _ := strconv.ParseInt(c.Args[2], 10, 64)
			h.Expiries[name] = c.At.Add(time.Duration(ms) * time.Millisecond)
		}
	case "HSET", "HMSET":
		if event, ok := strings.CutPrefix(key, in.key("event:")); ok {
			h.record(c, event)
		}
		h.pause(c, in)
	case "HDEL":
		h.pause(c, in)
	}
}

func (h *history) record(c *command, event string) {
	for i := 2; i+1 < len(c.Args); i += 2 {
		name, value := c.Args[i], c.Args[i+1]
		switch name {
		case "victims":
			h.Selections = append(h.Selections, selection{c.At, event, c.where(), parseVictims(value)})
		case "settled":
			h.SettledTx[event] = append(h.SettledTx[event], c.Tx)
		}
		if digits, ok := strings.CutPrefix(name, "s"); ok {
			if slot, err := strconv.Atoi(digits); err == nil {
				p := workerID{event, slot}
				h.Records[p] = append(h.Records[p], recorded{c.Tx, value})
			}
		}
	}
}

// parseXAdd reads XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] n [LIMIT n]] id field value …; of a repeated field the last
// value counts.
func parseXAdd(args []string) (entryID string, fields map[string]string, ok bool) {
	i := 2
	for i < len(args) {
		switch strings.ToUpper(args[i]) {
		case "NOMKSTREAM", "=", "~":
			i++
		case "MAXLEN", "MINID":
			i++
			if i < len(args) && (args[i] == "=" || args[i] == "~") {
				i++
			}
			i++
		case "LIMIT":
			i += 2
		default:
			entryID, i = args[i], i+1
			fields = make(map[string]string, (len(args)-i)/2)
			for ; i+1 < len(args); i += 2 {
				fields[args[i]] = args[i+1]
			}
			return entryID, fields, true
		}
	}
	return "", nil, false
}

// mergeStatus pairs the status entries in MONITOR with those in the stream. One that only the stream has must lie in a gap;
// one that only MONITOR has was trimmed, or lost on purpose.
func (h *history) mergeStatus(m *monitor, end *endState, in *Input) {
	unpaired := make(map[string][]*statusEntry)
	for i := range h.Status {
		key := entryKey(h.Status[i].Fields)
		unpaired[key] = append(unpaired[key], &h.Status[i])
	}
	var extra []statusEntry
	for _, en := range end.Status {
		key := entryKey(en.Fields)
		if len(unpaired[key]) > 0 {
			unpaired[key] = without(unpaired[key], en.ID.at())
			continue
		}
		at := en.ID.at()
		s := statusEntry{At: at, Until: at.Add(time.Millisecond), Where: "status entry " + en.ID.String(), Fields: en.Fields}
		extra = append(extra, s)
		if !m.inGap(at) {
			h.Mismatch.add("%q is in the status stream (%s), but MONITOR has no such write", key, s.Where)
		}
	}
	h.missing(unpaired, end, in)
	h.Status = append(h.Status, extra...)
}

// without removes the entry nearest in time.
func without(all []*statusEntry, at time.Time) []*statusEntry {
	near := slices.MinFunc(all, func(a, b *statusEntry) int { return cmp.Compare(a.At.Sub(at).Abs(), b.At.Sub(at).Abs()) })
	return slices.DeleteFunc(slices.Clone(all), func(s *statusEntry) bool { return s == near })
}

// missing reports entries that were written and are not stored, unless everything written before them is gone too.
func (h *history) missing(unpaired map[string][]*statusEntry, end *endState, in *Input) {
	first := h.oldest(end)
	for i := range h.Status {
		s := &h.Status[i]
		key := entryKey(s.Fields)
		if !slices.Contains(unpaired[key], s) {
			continue
		}
		s.Lost = in.Fault.LostWrites
		if !s.Lost && i >= first {
			h.Mismatch.add("MONITOR has %q written (%s), but it is not in the status stream", key, s.Where)
		}
	}
}

// oldest is the index in h.Status of the entry at the beginning of the status stream. Its time is not enough: many entries
// share a millisecond.
func (h *history) oldest(end *endState) int {
	if len(end.Status) == 0 {
		return 0
	}
	key, at := entryKey(end.Status[0].Fields), end.Status[0].ID.at()
	best := 0
	for i := range h.Status {
		near := h.Status[i].At.Sub(at).Abs() < h.Status[best].At.Sub(at).Abs() || entryKey(h.Status[best].Fields) != key
		if entryKey(h.Status[i].Fields) == key && near {
			best = i
		}
	}
	return best
}

// mergeDead takes, for each original, the source with more dead letters; where Redis lost writes, the stored ones.
func (h *history) mergeDead(seen []entry, end *endState, lost bool) {
	stored := make(map[string][]map[string]string)
	for _, en := range end.Dead {
		stored[en.Fields["original_id"]] = append(stored[en.Fields["original_id"]], en.Fields)
	}
	for _, en := range seen {
		original := en.Fields["original_id"]
		h.Dead[original] = append(h.Dead[original], en.Fields)
	}
	for original, entries := range stored {
		if lost || len(entries) > len(h.Dead[original]) {
			h.Dead[original] = entries
		}
	}
}

// mergeVictims dates victims found only in a record by the status entry of the same MULTI.
func (h *history) mergeVictims(end *endState) {
	for event, value := range end.Victims {
		if slices.ContainsFunc(h.Selections, func(d selection) bool { return d.Event == event }) {
			continue
		}
		for i := range h.Status {
			if s := &h.Status[i]; s.kind() == "scaled_down" && s.event() == event {
				h.Selections = append(h.Selections, selection{s.At, event, s.Where, parseVictims(value)})
			}
		}
	}
}
