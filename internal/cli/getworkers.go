package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// workerView is a worker as printed.
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
	var filter recordFilter
	var out output
	c := &cobra.Command{
		Use:     "workers [EVENT]",
		Aliases: []string{"worker"},
		Short:   "List the workers of all open events, or of one event",
		Long: `List the workers of all open events, or of one event. Where a closed event's workers ran is read from the status stream. What an
earlier release did not record of them and the status stream no longer has is "unknown".`,
		Example: "  ottoscaler get workers --task task-123",
		Args:    atMostOneArg("EVENT"),
		RunE: withDeps(version, func(c *cobra.Command, d *deps, args []string) error {
			records, err := filter.loadOneOrAll(c, d, args)
			if err != nil {
				return err
			}
			views, err := d.viewWorkers(c.Context(), c.ErrOrStderr(), records)
			if err != nil {
				return errcode.Wrap(errcode.Redis, err)
			}
			header := []string{"WORKER", "TASK", "STATE", "ATTEMPT", "NODE", "REASON", "EXIT"}
			return out.print(c.OutOrStdout(), views, header, workerRows(views))
		}),
	}
	filter.addFlags(c)
	out.addFlag(c)
	return c
}

// loadOneOrAll returns the record of the event in args, open or closed, else all that match.
func (f *recordFilter) loadOneOrAll(c *cobra.Command, d *deps, args []string) ([]worker.Record, error) {
	if len(args) == 0 {
		return f.load(c, d)
	}
	id, err := event.ParseID(args[0])
	if err != nil {
		return nil, usageError{fmt.Errorf("EVENT: %w", err)}
	}
	rec, err := d.reader.Find(c.Context(), id)
	if err != nil {
		return nil, errcode.Wrap(errcode.Redis, err)
	}
	if rec == nil || !f.matches(rec) {
		return nil, usageError{fmt.Errorf("event %[1]s has no record, see: ottoscaler explain %[1]s", id)}
	}
	return []worker.Record{*rec}, nil
}

// viewWorkers returns the workers of the events, and writes to notes how many are unknown.
func (d *deps) viewWorkers(ctx context.Context, notes io.Writer, records []worker.Record) ([]workerView, error) {
	var closed []event.ID
	for i := range records {
		if rec := &records[i]; rec.Closed && rec.Event.Type == event.ScaleUp {
			closed = append(closed, rec.Event.EventID)
		}
	}
	histories, err := d.reader.Histories(ctx, closed)
	if err != nil {
		return nil, err
	}
	names, views := app.Names(d.cfg), []workerView{}
	for i := range records {
		rec := &records[i]
		if rec.Closed {
			if n := restoreSlots(rec, histories[rec.Event.EventID]); n > 0 {
				fmt.Fprintf(notes, "event %s: the status stream no longer has %d of its %d workers\n", rec.Event.EventID, n, len(rec.Slots))
			}
		}
		views = append(views, workerViews(rec, names)...)
	}
	return views, nil
}

// stateUnknown is that of a worker whose outcome is neither in the record nor in the status stream.
const stateUnknown worker.State = "unknown"

// restoreSlots fills in the slots of a closed event from its history, and returns how many the history does not have.
func restoreSlots(rec *worker.Record, history []inspect.StatusEntry) (missing int) {
	for _, e := range history {
		f := e.Fields
		index, _ := strconv.Atoi(f["index"])
		if state := worker.State(f["state"]); state.IsOutcome() && index > 0 && index <= len(rec.Slots) {
			rec.Slots[index-1] = slotFrom(f)
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

// slotFrom reads the fields of a status entry.
func slotFrom(f map[string]string) worker.SlotRecord {
	slot := worker.SlotRecord{State: worker.State(f["state"]), Node: f["node"], Reason: f["reason"]}
	slot.Attempt, _ = strconv.Atoi(f["attempt"])
	slot.At, _ = time.Parse(time.RFC3339, f["at"])
	if code, err := strconv.Atoi(f["exit_code"]); err == nil {
		slot.ExitCode = &code
	}
	return slot
}

func workerViews(rec *worker.Record, names event.Names) []workerView {
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

func workerRows(views []workerView) [][]string {
	var rows [][]string
	for _, v := range views {
		code := ""
		if v.ExitCode != nil {
			code = strconv.Itoa(*v.ExitCode)
		}
		rows = append(rows, []string{v.Worker, v.Task, v.State, strconv.Itoa(v.Attempt), v.Node, v.Reason, code})
	}
	return rows
}
