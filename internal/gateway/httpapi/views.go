package httpapi

import (
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// stamp is a time as the status stream and the records write it; nil: it is not known.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// object is what a view is made of: fields that say nothing are left out.
type object map[string]any

func (o object) put(name string, value any) {
	switch v := value.(type) {
	case nil:
	case string:
		if v != "" {
			o[name] = v
		}
	default:
		o[name] = value
	}
}

// numeric are the fields of an entry that are numbers in JSON.
var numeric = map[string]bool{
	event.FieldPodCount: true, "deadline_seconds": true, "max_parallel": true, "start_deadline_seconds": true,
}

// viewEvent has the fields of the entry under their own names, those of the record, and how far the event has come.
func viewEvent(rec *records.Kept) object {
	e, p := &rec.Event, rec.Summary()
	o := object{"event_id": e.EventID.String(), "queue": queueOf(e.Queue), "state": p.State, "rebuilt": rec.Rebuilt}
	metadata := make(map[string]string)
	for name, value := range e.Fields() {
		switch {
		case name == event.FieldEventID && e.Type == event.Cancel:
			o["target_event_id"] = value
		case !event.IsField(name) || name == event.FieldEventID:
			metadata[name] = value
		case numeric[name]:
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				o[name] = n
			}
		default:
			o.put(name, value)
		}
	}
	if len(metadata) > 0 {
		o["metadata"] = metadata
	}
	if rec.Seq > 0 {
		o["seq"] = rec.Seq
	}
	o.put("timestamp", stamp(e.Timestamp))
	o.put("accepted_at", stamp(rec.AcceptedAt))
	o.put("settled", stamp(rec.SettledAt))
	o.put("closed", stamp(rec.ClosedAt))
	o["n_waiting"], o["n_with_pod"] = p.Waiting, p.WithPod
	o["n_succeeded"], o["n_failed"], o["n_cancelled"], o["n_lost"] = p.Counts.Succeeded, p.Counts.Failed, p.Counts.Cancelled, p.Counts.Lost
	return o
}

func queueOf(queue string) string {
	if queue == "" {
		return event.DefaultQueue
	}
	return queue
}

// The states of a worker beside those of the status stream.
const (
	stateWaiting = "waiting" // it has no Pod yet
	stateUnknown = "unknown" // an earlier release did not record its outcome
)

// viewWorkers are the workers of a scale_up; other events have none.
func viewWorkers(rec *records.Kept, names event.Names) []object {
	if rec.Event.Type != event.ScaleUp {
		return []object{}
	}
	all := make([]object, len(rec.Slots))
	for i := range rec.Slots {
		all[i] = viewWorker(rec, i+1, names)
	}
	return all
}

func viewWorker(rec *records.Kept, slot int, names event.Names) object {
	e, s := &rec.Event, &rec.Slots[slot-1]
	o := object{
		"worker": names.Worker(e.EventID, slot), "event_id": e.EventID.String(), "index": slot, "attempt": s.Attempt,
		"state": workerState(rec, s), "queue": queueOf(e.Queue),
	}
	o.put("task_id", e.TaskID())
	o.put("node", s.Node)
	o.put("reason", s.Reason)
	if reason, known := worker.ReasonOf(s.Reason); known {
		o.put("code", string(reason.Code))
	}
	if s.ExitCode != nil {
		o["exit_code"] = *s.ExitCode
	}
	if s.Attempt > 0 && s.UID != "" {
		o["pod"] = names.Pod(e.EventID, slot, s.Attempt)
	}
	o.put("at", stamp(s.At))
	return o
}

func workerState(rec *records.Kept, s *worker.SlotRecord) string {
	switch {
	case s.State != "":
		return string(s.State)
	case rec.Closed:
		return stateUnknown
	}
	return stateWaiting
}

// fromHistory are the fields of a status entry that a closed event's record does not have.
var fromHistory = []string{"node", "pod", "namespace", "container", "message", "created_at", "started_at", "ended_at", "at", "by_event"}

// completeWorkers adds to workers what their latest status entries say.
func completeWorkers(workers []object, history []inspect.StatusEntry) {
	for _, s := range history {
		index, err := strconv.Atoi(s.Fields["index"])
		if s.Kind() != "worker" || err != nil || index < 1 || index > len(workers) {
			continue
		}
		seen := hub.View(s)
		for _, name := range fromHistory {
			if value, ok := seen[name]; ok {
				workers[index-1][name] = value
			} else if name != "at" {
				delete(workers[index-1], name) // of an earlier attempt
			}
		}
	}
}

func viewHistory(history []inspect.StatusEntry) []map[string]any {
	all := make([]map[string]any, 0, len(history))
	for _, s := range history {
		all = append(all, hub.View(s))
	}
	return all
}
