package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func newGet(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "get",
		Short: "List events or workers, from the records in Redis",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newGetEvents(version), newGetWorkers(version))
	return c
}

// pick is which records are meant.
type pick struct {
	all  bool
	task string
	out  output
}

func (p *pick) flags(c *cobra.Command) {
	c.Flags().BoolVarP(&p.all, "all", "a", false, "also events that are closed, as long as their records are kept")
	c.Flags().StringVar(&p.task, "task", "", "only of this task_id")
	p.out.flag(c)
}

func (p *pick) records(c *cobra.Command, t *tools) ([]worker.Record, error) {
	all, err := t.reader.Open(c.Context())
	if err == nil && p.all {
		var closed []worker.Record
		closed, err = t.reader.Closed(c.Context())
		all = append(closed, all...)
	}
	var wanted []worker.Record
	for i := range all {
		if p.task == "" || all[i].Event.TaskID() == p.task {
			wanted = append(wanted, all[i])
		}
	}
	return wanted, fail(trouble.Redis, err)
}

// eventView is an event as it is shown.
type eventView struct {
	Event    string `json:"event_id"`
	Type     string `json:"type"`
	Task     string `json:"task_id,omitempty"`
	Template string `json:"template,omitempty"`
	Count    int    `json:"pod_count"`
	State    string `json:"state"` // waiting, starting, running, closed
	Waiting  int    `json:"waiting"`
	Running  int    `json:"running"` // or about to
	Done     int    `json:"done"`
	Failed   int    `json:"failed"` // of those done: failed or lost
	Age      string `json:"age"`
}

func view(rec *worker.Record, now time.Time) eventView {
	e := &rec.Event
	v := eventView{
		Event: e.EventID.String(), Type: string(e.Type), Task: e.TaskID(), Template: e.Template, Count: e.PodCount,
		State: "waiting", Age: age(now.Sub(e.EventID.Time())),
	}
	counts := rec.Counts
	for i := range rec.Slots {
		switch s := rec.Slots[i].State; {
		case s.IsOutcome():
			tally(&counts, s)
		case s == "" || s == worker.StateRetrying:
			v.Waiting++
		default:
			v.Running++
		}
	}
	if rec.Closed {
		v.Waiting, v.Running = 0, 0
	}
	v.Done = counts.Succeeded + counts.Failed + counts.Cancelled + counts.Lost
	v.Failed = counts.Failed + counts.Lost
	switch {
	case rec.Closed:
		v.State = "closed"
	case rec.Settled:
		v.State = "running"
	case v.Running+v.Done > 0:
		v.State = "starting"
	}
	return v
}

func tally(c *worker.Counts, s worker.State) {
	switch s {
	case worker.StateSucceeded:
		c.Succeeded++
	case worker.StateFailed:
		c.Failed++
	case worker.StateCancelled:
		c.Cancelled++
	case worker.StateLost:
		c.Lost++
	case worker.StateCreated, worker.StateRunning, worker.StateRetrying: // no outcome
	}
}

func newGetEvents(version string) *cobra.Command {
	var p pick
	c := &cobra.Command{
		Use:     "events",
		Aliases: []string{"event"},
		Short:   "List the open events",
		Example: "  ottoscaler get events --all -o json",
		Args:    noArgs,
		RunE: withTools(version, func(c *cobra.Command, t *tools, _ []string) error {
			records, err := p.records(c, t)
			if err != nil {
				return err
			}
			views, rows := make([]eventView, 0, len(records)), [][]string(nil)
			for i := range records {
				v := view(&records[i], time.Now())
				views = append(views, v)
				rows = append(rows, []string{
					v.Event, v.Type, v.Task, strconv.Itoa(v.Count), v.State, strconv.Itoa(v.Waiting), strconv.Itoa(v.Running),
					strconv.Itoa(v.Done), strconv.Itoa(v.Failed), v.Age,
				})
			}
			head := []string{"EVENT", "TYPE", "TASK", "COUNT", "STATE", "WAITING", "RUNNING", "DONE", "FAILED", "AGE"}
			return p.out.print(c.OutOrStdout(), views, head, rows)
		}),
	}
	p.flags(c)
	return c
}

// age is a duration as people say it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
