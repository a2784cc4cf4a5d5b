package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// workerView is a worker as it is shown.
type workerView struct {
	Worker   string    `json:"worker"`
	Event    string    `json:"event_id"`
	Task     string    `json:"task_id,omitempty"`
	Index    int       `json:"index"`
	Attempt  int       `json:"attempt,omitempty"`
	State    string    `json:"state"` // also waiting, or unknown
	Node     string    `json:"node,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	ExitCode *int      `json:"exit_code,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

func newGetWorkers(version string) *cobra.Command {
	var p pick
	c := &cobra.Command{
		Use:     "workers [EVENT]",
		Aliases: []string{"worker"},
		Short:   "List the workers of all open events, or of one event",
		Long: `List the workers of all open events, or of one event. The record of a closed event has counts only; its workers are told from
the status stream, as far as that goes back, and those that it does not have any more are "unknown".`,
		Example: "  ottoscaler get workers --task task-123",
		Args:    atMostOneArg("EVENT"),
		RunE: withTools(version, func(c *cobra.Command, t *tools, args []string) error {
			records, err := p.meant(c, t, args)
			if err != nil {
				return err
			}
			views, err := t.workers(c.Context(), c.ErrOrStderr(), records)
			if err != nil {
				return fail(trouble.Redis, err)
			}
			return p.out.print(c.OutOrStdout(), views, []string{"WORKER", "TASK", "STATE", "ATTEMPT", "NODE", "REASON", "EXIT"}, rowsOf(views))
		}),
	}
	p.flags(c)
	return c
}

// meant are the records of the event in args, closed or not, or else of all that are picked.
func (p *pick) meant(c *cobra.Command, t *tools, args []string) ([]worker.Record, error) {
	if len(args) == 0 {
		return p.records(c, t)
	}
	id, err := event.ParseID(args[0])
	if err != nil {
		return nil, usageError{fmt.Errorf("EVENT: %w", err)}
	}
	rec, err := t.reader.Find(c.Context(), id)
	if err != nil {
		return nil, fail(trouble.Redis, err)
	}
	if rec == nil || p.task != "" && rec.Event.TaskID() != p.task {
		return nil, usageError{fmt.Errorf("there is no record of it: ottoscaler explain %s", id)}
	}
	return []worker.Record{*rec}, nil
}

// workers shows the workers of the events, and says on notes whose are not all known.
func (t *tools) workers(ctx context.Context, notes io.Writer, records []worker.Record) ([]workerView, error) {
	var closed []event.ID
	for i := range records {
		if rec := &records[i]; rec.Closed && rec.Event.Type == event.ScaleUp {
			closed = append(closed, rec.Event.EventID)
		}
	}
	stories, err := t.reader.Stories(ctx, closed)
	if err != nil {
		return nil, err
	}
	names, views := event.NewNames(t.cfg.Workers.Instance, t.cfg.Redis.Stream), []workerView{}
	for i := range records {
		rec := &records[i]
		if rec.Closed {
			if n := remember(rec, stories[rec.Event.EventID]); n > 0 {
				fmt.Fprintf(notes, "event %s: the status stream does not have %d of its %d workers any more\n", rec.Event.EventID, n, len(rec.Slots))
			}
		}
		views = append(views, workers(rec, names)...)
	}
	return views, nil
}

// stateUnknown is that of a worker whose outcome the record and the status stream have forgotten.
const stateUnknown worker.State = "unknown"

// remember fills in the slots of a closed event from what the status stream still has, and returns how many it has not.
func remember(rec *worker.Record, story []redis.Said) (missing int) {
	for _, s := range story {
		f := s.Fields
		index, _ := strconv.Atoi(f["index"])
		if state := worker.State(f["state"]); state.IsOutcome() && index > 0 && index <= len(rec.Slots) {
			rec.Slots[index-1] = slotOf(f)
		}
	}
	for i := range rec.Slots {
		if rec.Slots[i].State == "" {
			rec.Slots[i].State = stateUnknown
			missing++
		}
	}
	return missing
}

func slotOf(f map[string]string) worker.SlotRecord {
	slot := worker.SlotRecord{State: worker.State(f["state"]), Node: f["node"], Reason: f["reason"]}
	slot.Attempt, _ = strconv.Atoi(f["attempt"])
	slot.At, _ = time.Parse(time.RFC3339, f["at"])
	if code, err := strconv.Atoi(f["exit_code"]); err == nil {
		slot.ExitCode = &code
	}
	return slot
}

func workers(rec *worker.Record, names event.Names) []workerView {
	e := &rec.Event
	views := make([]workerView, 0, len(rec.Slots))
	for i := range rec.Slots {
		s := &rec.Slots[i]
		v := workerView{
			Worker: names.Worker(e.EventID, i+1), Event: e.EventID.String(), Task: e.TaskID(), Index: i + 1, Attempt: s.Attempt,
			State: string(s.State), Node: s.Node, Reason: s.Reason, ExitCode: s.ExitCode, At: s.At,
		}
		if v.State == "" {
			v.State = "waiting"
		}
		views = append(views, v)
	}
	return views
}

func rowsOf(views []workerView) [][]string {
	var rows [][]string
	for _, v := range views {
		code := ""
		if v.ExitCode != nil {
			code = strconv.Itoa(*v.ExitCode)
		}
		rows = append(rows, []string{v.Worker, v.Task, v.State, fmt.Sprint(v.Attempt), v.Node, v.Reason, code})
	}
	return rows
}
