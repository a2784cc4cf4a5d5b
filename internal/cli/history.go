package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxHistory bounds a history: an event may have a thousand workers.
const maxHistory = 200

// historyEntry is one thing that happened.
type historyEntry struct {
	At    string `json:"at"`
	After string `json:"after"` // since the XADD
	What  string `json:"what"`
}

// history lists the XADD, the status entries and, between a Pod's creation and its start, when it was scheduled. Of a long one
// the middle is left out.
func history(f facts) []historyEntry {
	sent := f.id.Time()
	all := []historyEntry{{At: formatTime(sent), After: "0s", What: "sent: XADD"}}
	scheduled := scheduledPods(f)
	for i, e := range f.history {
		if i == maxHistory {
			all = append(all, historyEntry{What: fmt.Sprintf("… and %d more changes", len(f.history)-maxHistory-1)})
		}
		if i >= maxHistory && i < len(f.history)-1 {
			continue
		}
		h := historyEntry{At: e.Fields["at"], What: describe(e)}
		if at, err := time.Parse(time.RFC3339, e.Fields["at"]); err == nil {
			h.After = max(0, at.Sub(sent)).Round(time.Millisecond).String()
		}
		all = append(all, h)
		pod, ok := scheduled[attempt{e.Fields["index"], e.Fields["attempt"]}]
		if ok && e.Fields["state"] == "created" {
			all = append(all, pod)
		}
	}
	return all
}

// attempt identifies a Pod as the status stream does.
type attempt struct{ index, number string }

// scheduledPods has the binding to a node of each Pod that still exists. The status stream has no entry for that.
func scheduledPods(f facts) map[attempt]historyEntry {
	all := make(map[attempt]historyEntry, len(f.pods))
	for i := range f.pods {
		p := &f.pods[i]
		if p.Scheduled.IsZero() {
			continue
		}
		h := historyEntry{
			At:   p.Scheduled.Format(time.RFC3339),
			What: fmt.Sprintf("worker %d scheduled to %s (time from Kubernetes, in whole seconds)", p.Slot, text.Printable(p.Node)),
		}
		if d := p.Scheduled.Sub(f.id.Time()).Truncate(time.Second); d > 0 {
			h.After = d.String()
		}
		all[attempt{strconv.Itoa(p.Slot), strconv.Itoa(p.Attempt)}] = h
	}
	return all
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
