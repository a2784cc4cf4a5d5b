package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// said is one entry of the status stream, at the moment when it was written.
type said struct {
	At     time.Time
	Until  time.Time // the latest it can have been: At, but for an entry that only its ID dates
	Where  string
	Tx     int
	Fields map[string]string
	Lost   bool // Redis forgot it: it may have been said again
}

func (s *said) kind() string  { return s.Fields["kind"] }
func (s *said) event() string { return s.Fields["event_id"] }
func (s *said) state() string { return s.Fields["state"] }

func (s *said) attempt() int {
	n, _ := strconv.Atoi(s.Fields["attempt"])
	return n
}

func (s *said) place() place {
	n, _ := strconv.Atoi(s.Fields["index"])
	return place{s.event(), n}
}

func (s *said) isOutcome() bool {
	return s.kind() == "worker" && slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, s.state())
}

func (s *said) String() string {
	return fmt.Sprintf("%s at %s, %s", strings.TrimSpace(s.kind()+" "+s.state()), s.At.Format("15:04:05.000000"), s.Where)
}

// identity is what makes two entries the same thing said twice.
func identity(fields map[string]string) string {
	return strings.Join([]string{fields["kind"], fields["event_id"], fields["index"], fields["attempt"], fields["state"]}, "|")
}

// doom is one scale_down's choice.
type doom struct {
	At      time.Time
	Event   string // the scale_down
	Where   string
	Victims []place
}

// ack is one acknowledgement.
type ack struct {
	At    time.Time
	Where string
	Tx    int
}

// recorded is a slot's field of a record, as it was written.
type recorded struct {
	Tx    int
	Value string
}

// history is what happened in Redis, in order, with the end state woven in where MONITOR has gaps.
type history struct {
	Said     []said
	Of       map[string][]*said // what was said of each event, in order
	Acks     map[string][]ack
	Dooms    []doom
	Records  map[place][]recorded
	Dead     map[string][]map[string]string // dead letters by original ID
	DeadTx   map[string][]int               // in which transactions they were written
	Adds     []command                      // XADDs of the source stream
	Expiries map[string]time.Time           // when Redis lets an idempotency key go
	Mismatch findings                       // where MONITOR and the end state contradict each other
}

func newHistory(m *monitor, end *endState, e *Evidence) *history {
	h := &history{Acks: map[string][]ack{}, Records: map[place][]recorded{}, Dead: map[string][]map[string]string{}, Expiries: map[string]time.Time{}, DeadTx: map[string][]int{}}
	var dead []entry
	for i := range m.Commands {
		h.take(&m.Commands[i], e, &dead)
	}
	h.weaveStatus(m, end, e)
	h.weaveDead(dead, end, e.Fault.LostWrites)
	h.weaveVictims(end)
	slices.SortStableFunc(h.Said, func(a, b said) int { return a.At.Compare(b.At) })
	h.Of = make(map[string][]*said)
	for i := range h.Said {
		s := &h.Said[i]
		h.Of[s.event()] = append(h.Of[s.event()], s)
	}
	return h
}

// take takes in one command that Redis executed.
func (h *history) take(c *command, e *Evidence, dead *[]entry) {
	if len(c.Args) < 3 {
		return
	}
	switch key := c.Args[1]; c.Args[0] {
	case "XADD":
		_, fields, ok := parseXAdd(c.Args)
		switch {
		case !ok:
		case key == e.Stream:
			h.Adds = append(h.Adds, *c)
		case key == e.side("status"):
			h.Said = append(h.Said, said{At: c.At, Until: c.At, Where: c.where(), Tx: c.Tx, Fields: fields})
		case key == e.side("dead"):
			*dead = append(*dead, entry{Fields: fields})
			h.DeadTx[fields["original_id"]] = append(h.DeadTx[fields["original_id"]], c.Tx)
		}
	case "XACK":
		if key == e.Stream && c.Args[2] == e.Group {
			for _, event := range c.Args[3:] {
				h.Acks[event] = append(h.Acks[event], ack{c.At, c.where(), c.Tx})
			}
		}
	case "PEXPIRE":
		if name, ok := strings.CutPrefix(key, e.side("key:")); ok {
			ms, _ := strconv.ParseInt(c.Args[2], 10, 64)
			h.Expiries[name] = c.At.Add(time.Duration(ms) * time.Millisecond)
		}
	case "HSET", "HMSET":
		if event, ok := strings.CutPrefix(key, e.side("event:")); ok {
			h.record(c, event)
		}
	}
}

func (h *history) record(c *command, event string) {
	for i := 2; i+1 < len(c.Args); i += 2 {
		name, value := c.Args[i], c.Args[i+1]
		if name == "victims" {
			h.Dooms = append(h.Dooms, doom{c.At, event, c.where(), parseVictims(value)})
		}
		if digits, ok := strings.CutPrefix(name, "s"); ok {
			if slot, err := strconv.Atoi(digits); err == nil {
				p := place{event, slot}
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

// weaveStatus pairs what MONITOR saw said with what stands on the status stream. What only the stream has must lie in a
// gap; what only MONITOR has was trimmed, or lost on purpose.
func (h *history) weaveStatus(m *monitor, end *endState, e *Evidence) {
	unpaired := make(map[string][]*said)
	for i := range h.Said {
		key := identity(h.Said[i].Fields)
		unpaired[key] = append(unpaired[key], &h.Said[i])
	}
	var extra []said
	for _, en := range end.Status {
		key := identity(en.Fields)
		if len(unpaired[key]) > 0 {
			unpaired[key] = without(unpaired[key], en.ID.at())
			continue
		}
		at := en.ID.at()
		s := said{At: at, Until: at.Add(time.Millisecond), Where: "status entry " + en.ID.String(), Fields: en.Fields}
		extra = append(extra, s)
		if !m.inGap(at) {
			h.Mismatch.add("%q stands on the status stream (%s), but MONITOR did not see it written", key, s.Where)
		}
	}
	h.missing(unpaired, end, e)
	h.Said = append(h.Said, extra...)
}

// without leaves out the one that is nearest in time.
func without(all []*said, at time.Time) []*said {
	near := slices.MinFunc(all, func(a, b *said) int { return cmp.Compare(a.At.Sub(at).Abs(), b.At.Sub(at).Abs()) })
	return slices.DeleteFunc(slices.Clone(all), func(s *said) bool { return s == near })
}

// missing complains of what was written and is not there, unless all that was written before it is gone too.
func (h *history) missing(unpaired map[string][]*said, end *endState, e *Evidence) {
	first := h.oldest(end)
	for i := range h.Said {
		s := &h.Said[i]
		key := identity(s.Fields)
		if !slices.Contains(unpaired[key], s) {
			continue
		}
		s.Lost = e.Fault.LostWrites
		if !s.Lost && i >= first {
			h.Mismatch.add("MONITOR saw %q written (%s), but it does not stand on the status stream", key, s.Where)
		}
	}
}

// oldest is the place, in the order of MONITOR, of what still stands at the beginning of the status stream. Times would not
// do: many entries have one millisecond.
func (h *history) oldest(end *endState) int {
	if len(end.Status) == 0 {
		return 0
	}
	key, at := identity(end.Status[0].Fields), end.Status[0].ID.at()
	best := 0
	for i := range h.Said {
		near := h.Said[i].At.Sub(at).Abs() < h.Said[best].At.Sub(at).Abs() || identity(h.Said[best].Fields) != key
		if identity(h.Said[i].Fields) == key && near {
			best = i
		}
	}
	return best
}

// weaveDead takes, for each original, whichever source knows more dead letters; where Redis lost writes, what stands.
func (h *history) weaveDead(seen []entry, end *endState, lost bool) {
	stand := make(map[string][]map[string]string)
	for _, en := range end.Dead {
		stand[en.Fields["original_id"]] = append(stand[en.Fields["original_id"]], en.Fields)
	}
	for _, en := range seen {
		original := en.Fields["original_id"]
		h.Dead[original] = append(h.Dead[original], en.Fields)
	}
	for original, letters := range stand {
		if lost || len(letters) > len(h.Dead[original]) {
			h.Dead[original] = letters
		}
	}
}

// weaveVictims dates victims that only a record shows by the status entry of the same MULTI.
func (h *history) weaveVictims(end *endState) {
	for event, value := range end.Victims {
		if slices.ContainsFunc(h.Dooms, func(d doom) bool { return d.Event == event }) {
			continue
		}
		for i := range h.Said {
			if s := &h.Said[i]; s.kind() == "scaled_down" && s.event() == event {
				h.Dooms = append(h.Dooms, doom{s.At, event, s.Where, parseVictims(value)})
			}
		}
	}
}
