package checker

import (
	"maps"
	"slices"
	"strconv"
)

// numbered is O13: `seq` counts the status entries of an event from 1, so that whoever reads them knows that none is missing.
func (t *traces) numbered() Result {
	if t.Fault.LostWrites {
		return skipped("Redis may have lost entries")
	}
	var f findings
	found := false
	for _, event := range slices.Sorted(maps.Keys(t.history.Of)) {
		numbers := t.numbers(event, &f)
		found = found || len(numbers) > 0
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != i+1 {
				f.add("event %s: seq %d is missing or repeated: %v", event, i+1, numbers)
				break
			}
		}
	}
	if !found {
		return skipped("no status entry has a number")
	}
	return f.result()
}

// numbers are the values of `seq` of an event. An entry in a gap of MONITOR is dated too roughly to say which came first.
func (t *traces) numbers(event string, f *findings) (all []int) {
	last := 0
	for _, s := range t.history.Of[event] {
		seq, sent := s.Fields["seq"]
		if !sent || s.isControl() {
			continue
		}
		n, err := strconv.Atoi(seq)
		if err != nil || n <= last && !inGap(s.Where) {
			f.add("event %s: seq is %q after %d: %v", event, seq, last, s)
		}
		if all = append(all, n); !inGap(s.Where) {
			last = n
		}
	}
	return all
}
