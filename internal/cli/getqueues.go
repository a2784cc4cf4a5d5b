package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// queueRow is a queue as printed.
type queueRow struct {
	worker.QueueView

	Share float64 `json:"share"` // places held, divided by the weight
	State string  `json:"state"` // paused, refused, quota, waiting, running or idle
}

func newGetQueues(version string) *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:     "queues",
		Aliases: []string{"queue"},
		Short:   "List the queues, what each holds and what keeps it waiting",
		Long: `List the queues: weight, cap, events with workers to start (WAITING), workers that hold a place (LIVE), places divided by weight
(SHARE: it is about the same for all queues that wait and are not limited), how long the oldest event waits, and the first limit
that keeps its next worker from starting. The leader publishes this every ten seconds, if it changed; pauses are shown at once.`,
		Example: "  ottoscaler get queues\n  ottoscaler get queues -o wide",
		Args:    noArgs,
		RunE: withDeps(version, func(c *cobra.Command, d *deps, _ []string) error {
			views, err := d.reader.Queues(c.Context())
			if err != nil {
				return errcode.Wrap(errcode.Redis, err)
			}
			paused, err := d.reader.Paused(c.Context())
			if err != nil {
				return errcode.Wrap(errcode.Redis, err)
			}
			rows := queueRows(views, paused)
			header := []string{"NAME", "WEIGHT", "CAP", "WAITING", "LIVE", "SHARE", "OLDEST", "STATE", "LIMIT"}
			if out == outputWide {
				header = append(header, "PAUSED BY", "NOT ACCEPTED")
			}
			return out.print(c.OutOrStdout(), rows, header, queueCells(rows, out == outputWide, time.Now()))
		}),
	}
	out.addFlag(c)
	return c
}

// queueRows are the queues as published, with the pauses that are in force now. A paused queue without events is listed too.
func queueRows(views []worker.QueueView, paused map[string]worker.Paused) []queueRow {
	rows := []queueRow{}
	for _, v := range views {
		rows = append(rows, newQueueRow(v, paused))
	}
	for _, name := range sortedNames(paused) {
		listed := slices.ContainsFunc(views, func(v worker.QueueView) bool { return v.Name == name })
		if !listed && (name != worker.AllQueues || len(views) == 0) {
			rows = append(rows, newQueueRow(worker.QueueView{Name: name}, paused))
		}
	}
	slices.SortStableFunc(rows, func(a, b queueRow) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}

func newQueueRow(v worker.QueueView, paused map[string]worker.Paused) queueRow {
	queue, p, found := pauseOf(v.Name, paused)
	switch {
	case found:
		v.Paused, v.Limit = &p, describePause(queue, p)
	case v.Paused != nil: // resumed since
		v.Paused, v.Limit = nil, ""
	}
	r := queueRow{QueueView: v, State: queueState(&v)}
	if v.Weight > 0 {
		r.Share = float64(v.Live) / float64(v.Weight)
	}
	return r
}

// pauseOf returns what pauses a queue: its own pause, or that of all queues.
func pauseOf(queue string, paused map[string]worker.Paused) (by string, p worker.Paused, found bool) {
	for _, name := range []string{worker.AllQueues, queue} {
		if p, found := paused[name]; found {
			return name, p, true
		}
	}
	return "", worker.Paused{}, false
}

func queueState(v *worker.QueueView) string {
	switch {
	case v.Paused != nil:
		return "paused"
	case slices.ContainsFunc(v.Lanes, isOpen):
		return "refused"
	case len(v.Lanes) > 0:
		return "quota"
	case v.Waiting > 0:
		return "waiting"
	case v.Live > 0:
		return "running"
	}
	return "idle"
}

func isOpen(l worker.LaneView) bool { return l.State == worker.LaneOpen }

func queueCells(rows []queueRow, wide bool, now time.Time) [][]string {
	cells := make([][]string, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		weight, limit, oldest := "", "", ""
		if r.Weight > 0 {
			weight = strconv.FormatInt(r.Weight, 10)
		}
		if r.MaxWorkers > 0 {
			limit = strconv.Itoa(r.MaxWorkers)
		}
		if !r.Oldest.IsZero() {
			oldest = formatAge(max(0, now.Sub(r.Oldest)))
		}
		row := []string{
			r.Name, weight, limit, strconv.Itoa(r.Waiting), strconv.Itoa(r.Live), strconv.FormatFloat(r.Share, 'f', 1, 64), oldest, r.State, r.Limit,
		}
		if wide {
			row = append(row, pausedBy(r.Paused), describeLanes(r.Lanes))
		}
		cells = append(cells, row)
	}
	return cells
}

func pausedBy(p *worker.Paused) string {
	if p == nil {
		return ""
	}
	return p.By
}

// describeLanes says which Pods of a queue the API server does not accept now.
func describeLanes(lanes []worker.LaneView) string {
	all := make([]string, 0, len(lanes))
	for i := range lanes {
		all = append(all, fmt.Sprintf("%s (%s): %s", templateName(lanes[i].Template), lanes[i].Cause, lanes[i].Message))
	}
	return strings.Join(all, "; ")
}

// templateName is the name of a template for people.
func templateName(name string) string { return cmp.Or(name, "(built-in)") }

func sortedNames(paused map[string]worker.Paused) []string { return slices.Sorted(maps.Keys(paused)) }
