package checker

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// id is a stream entry's ID.
type id struct{ Ms, Seq uint64 }

func parseID(s string) (id, bool) {
	ms, seq, ok := strings.Cut(s, "-")
	a, err1 := strconv.ParseUint(ms, 10, 64)
	b, err2 := strconv.ParseUint(seq, 10, 64)
	return id{a, b}, ok && err1 == nil && err2 == nil
}

func (i id) String() string { return fmt.Sprintf("%d-%d", i.Ms, i.Seq) }

func (i id) compare(other id) int {
	return cmp.Or(cmp.Compare(i.Ms, other.Ms), cmp.Compare(i.Seq, other.Seq))
}

// at is the start of the millisecond in which Redis created the ID.
func (i id) at() time.Time { return time.UnixMilli(int64(i.Ms)).UTC() }

// workerID is one slot of an event.
type workerID struct {
	Event string
	Slot  int
}

func (p workerID) String() string { return fmt.Sprintf("slot %d of event %s", p.Slot, p.Event) }

// podName is `otto-agent-[hash-]<slot>-<event ID>[-r<attempt>]`.
var podName = regexp.MustCompile(`^otto-agent-(?:[0-9a-z]{5}-)?([1-9][0-9]*)-([0-9]+-[0-9]+)(?:-r([1-9][0-9]*))?$`)

// parsePodName returns the worker and the attempt that a Pod's name is for.
func parsePodName(name string) (p workerID, attempt int, ok bool) {
	m := podName.FindStringSubmatch(name)
	if m == nil {
		return workerID{}, 0, false
	}
	p.Event, attempt = m[2], 1
	p.Slot, _ = strconv.Atoi(m[1])
	if m[3] != "" {
		attempt, _ = strconv.Atoi(m[3])
	}
	return p, attempt, true
}

// victimForm finds each `<event ID>/<slot>` of a scale_down's record, whatever the separator.
var victimForm = regexp.MustCompile(`([0-9]+-[0-9]+)[/:]([0-9]+)`)

func parseVictims(value string) []workerID {
	var out []workerID
	for _, m := range victimForm.FindAllStringSubmatch(value, -1) {
		slot, _ := strconv.Atoi(m[2])
		out = append(out, workerID{m[1], slot})
	}
	return out
}
