package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func newGet(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "get",
		Short: "List events, workers or queues, from what Redis has",
		Args:  noArgs,
		RunE:  showHelp,
	}
	c.AddCommand(newGetEvents(version), newGetWorkers(version), newGetQueues(version))
	return c
}

// recordFilter selects records.
type recordFilter struct {
	all  bool
	task string
}

func (f *recordFilter) addFlags(c *cobra.Command) {
	c.Flags().BoolVarP(&f.all, "all", "a", false, "also closed events, while their records are kept")
	c.Flags().StringVar(&f.task, "task", "", "only events of this task_id")
}

func (f *recordFilter) load(c *cobra.Command, d *deps) ([]worker.Record, error) {
	records, err := d.reader.Open(c.Context())
	if err == nil && f.all {
		var closed []worker.Record
		closed, err = d.reader.Closed(c.Context())
		records = append(closed, records...)
	}
	var selected []worker.Record
	for i := range records {
		if f.matches(&records[i]) {
			selected = append(selected, records[i])
		}
	}
	return selected, errcode.Wrap(errcode.Redis, err)
}

func (f *recordFilter) matches(rec *worker.Record) bool {
	return f.task == "" || rec.Event.TaskID() == f.task
}

// eventView is an event as printed.
type eventView struct {
	Event    string `json:"event_id"`
	Type     string `json:"type"`
	Task     string `json:"task_id,omitempty"`
	Template string `json:"template,omitempty"`
	Queue    string `json:"queue"`
	Count    int    `json:"pod_count"`
	State    string `json:"state"` // waiting, starting, running, closed
	Waiting  int    `json:"waiting"`
	Running  int    `json:"running"` // or pending
	Done     int    `json:"done"`
	Failed   int    `json:"failed"` // of those done: failed or lost
	Age      string `json:"age"`
}

func viewEvent(rec *worker.Record, now time.Time) eventView {
	e := &rec.Event
	v := eventView{
		Event: e.EventID.String(), Type: string(e.Type), Task: e.TaskID(), Template: e.Template, Queue: queueOf(e), Count: e.PodCount,
		Age: formatAge(now.Sub(e.EventID.Time())),
	}
	p := rec.Summary()
	v.State, v.Waiting, v.Running = p.State, p.Waiting, p.WithPod
	v.Done, v.Failed = p.Counts.Total(), p.Counts.Failed+p.Counts.Lost
	return v
}

func newGetEvents(version string) *cobra.Command {
	var filter recordFilter
	var out output
	c := &cobra.Command{
		Use:     "events",
		Aliases: []string{"event"},
		Short:   "List open events",
		Example: "  ottoscaler get events --all -o json",
		Args:    noArgs,
		RunE: withDeps(version, func(c *cobra.Command, d *deps, _ []string) error {
			records, err := filter.load(c, d)
			if err != nil {
				return err
			}
			views := make([]eventView, 0, len(records))
			for i := range records {
				views = append(views, viewEvent(&records[i], time.Now()))
			}
			header := []string{"EVENT", "TYPE", "TASK", "COUNT", "STATE", "WAITING", "RUNNING", "DONE", "FAILED", "AGE"}
			return out.print(c.OutOrStdout(), views, header, eventRows(views))
		}),
	}
	filter.addFlags(c)
	out.addFlag(c)
	return c
}

func eventRows(views []eventView) [][]string {
	var rows [][]string
	for _, v := range views {
		rows = append(rows, []string{
			v.Event, v.Type, v.Task, strconv.Itoa(v.Count), v.State, strconv.Itoa(v.Waiting), strconv.Itoa(v.Running),
			strconv.Itoa(v.Done), strconv.Itoa(v.Failed), v.Age,
		})
	}
	return rows
}
