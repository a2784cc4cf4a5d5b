package api

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var (
	up     = event.ID{Ms: 1_756_659_802_903}
	down   = event.ID{Ms: 1_756_659_802_904}
	cancel = event.ID{Ms: 1_756_659_802_905}
	bad    = event.ID{Ms: 1_756_659_802_906}
	at     = time.UnixMilli(1_756_659_802_999).UTC()
)

// everyWrite has each kind of status entry, with all its fields and with as few as possible.
func everyWrite() []worker.Write {
	created := report(1, 2, worker.StateCreated)
	least := worker.Report{ID: up, Seq: 3, Worker: "w", Slot: 2, Attempt: 1, State: worker.StateRunning, Queue: "default", At: at}
	failed, succeeded := report(1, 6, worker.StateFailed), report(2, 7, worker.StateSucceeded)
	failed.SelectedBy, failed.Reason, failed.ExitCode = down, "OOMKilled", new(137)
	succeeded.ExitCode, succeeded.Reason, succeeded.Message = new(0), "Completed", strings.Repeat("한", worker.MaxResult)
	return []worker.Write{
		worker.Accept{Event: anEvent(up, event.ScaleUp), Hash: "h", Seq: 1, Hint: "timestamp has 13 digits", At: at},
		worker.Accept{Event: anEvent(down, event.ScaleDown), Hash: "h", Seq: 1, At: at},
		worker.Accept{Event: event.Event{EventID: cancel, Type: event.Cancel, Target: up, Queue: "default", Timestamp: at}, Hash: "h", Seq: 1, At: at},
		worker.Progress{Report: created},
		worker.Progress{Report: least},
		worker.Refuse{ID: up, TaskID: "t", Queue: "web", Seq: 4, Message: "exceeded quota", At: at},
		worker.Settle{ID: up, TaskID: "t", Queue: "web", Seq: 5, At: at},
		worker.Select{ID: down, Queue: "web", Seq: 2, Victims: []worker.Victim{{Event: up, Slot: 1}}, Asked: 3, At: at},
		worker.Cancel{ID: cancel, TaskID: "t", Queue: "web", Seq: 2, Waiting: 1, WithPod: 2, At: at},
		worker.Outcome{Report: failed},
		worker.Outcome{Report: succeeded},
		worker.Reject{ID: bad, Fields: map[string]string{"type": "x", "한글": "값"}, Code: event.CodeType, Reason: "type is wrong", TaskID: "t", At: at},
		worker.Reject{ID: bad, Code: event.CodePoison, Reason: "poison", Size: worker.Size{Fields: 9, Bytes: 1 << 20, Sum: strings.Repeat("0", 64)}, At: at},
		worker.Duplicate{ID: bad, Of: up, TaskID: "t", At: at},
		worker.Duplicate{ID: bad, At: at},
		worker.Pause{Queue: worker.AllQueues, On: true, By: "kim", Reason: "upgrade", Command: event.ID{Ms: 1}, At: at},
		worker.Pause{Queue: "web", Command: event.ID{Ms: 2}, At: at},
	}
}

func closing() []worker.Write {
	slots := []worker.SlotRecord{
		{Attempt: 2, State: worker.StateFailed, UID: "u", Reason: "OOMKilled", ExitCode: new(137), At: at},
		{Attempt: 1, State: worker.StateSucceeded, UID: "u", Reason: "Completed", ExitCode: new(0), At: at},
		{Attempt: 1, State: worker.StateCancelled, Reason: worker.ReasonCancelled, At: at},
	}
	return []worker.Write{
		worker.Close{ID: up, TaskID: "t", Queue: "web", Seq: 8, Slots: slots, Counts: worker.Counts{Succeeded: 1, Failed: 1, Cancelled: 1}, At: at},
		worker.Close{ID: down, Queue: "web", Seq: 3, Counts: worker.Counts{Failed: 1}, At: at},
	}
}

func anEvent(of event.ID, t event.Type) event.Event {
	return event.Event{
		EventID: of, Type: t, PodCount: 3, Timestamp: at, Metadata: map[string]string{"task_id": "t", "브랜치": "main"}, Queue: "web", Priority: "high",
		IdempotencyKey: "k", Template: "big", Deadline: time.Hour, MaxParallel: 2, StartDeadline: time.Minute, Image: "a/b:1", CPU: "1", Memory: "1Gi",
		Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Tracestate: "a=b", Baggage: "a=b",
	}
}

func report(slot, seq int, state worker.State) worker.Report {
	return worker.Report{
		ID: up, Seq: seq, TaskID: "t", Queue: "web", Worker: fmt.Sprintf("otto-agent-%d-%s", slot, up), Slot: slot, Attempt: 1, State: state,
		Pod: "p", UID: "u", Node: "n", Message: "why", Container: "agent", At: at, CreatedAt: at, StartedAt: at, EndedAt: at,
	}
}

// TestProductIsValid: whatever the product writes is valid by the schemas, and no field of it is undeclared.
func TestProductIsValid(t *testing.T) {
	f := redistest.Mini(t)
	j := records.New(f.Client, records.Options{
		Stream: redistest.Stream, Group: redistest.Group, RecordTTL: time.Hour, Namespace: "ci", Logger: slog.New(slog.DiscardHandler),
		Owner: records.Owner{Namespace: "ci", Instance: "ottoscaler"},
	})
	if _, err := j.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Commit(t.Context(), everyWrite()); err != nil {
		t.Fatal(err)
	}
	checkRecords(t, f)
	if err := j.Commit(t.Context(), closing()); err != nil {
		t.Fatal(err)
	}
	checkRecords(t, f)
	checkStatus(t, f)
	letters := compile(t, "dead-letter.schema.json")
	for _, m := range f.Raw.XRange(t.Context(), f.Keys.Dead(), "-", "+").Val() {
		if err := letters.Validate(instance(m.Values)); err != nil {
			t.Errorf("dead letter %v: %v", m.Values, err)
		}
	}
}

func checkRecords(t *testing.T, f *redistest.Fixture) {
	t.Helper()
	schema := compile(t, "record.schema.json")
	for _, of := range []event.ID{up, down, cancel} {
		fields := f.Raw.HGetAll(t.Context(), f.Keys.Event(of)).Val()
		if len(fields) == 0 {
			t.Errorf("no record of %s", of)
		}
		if err := schema.Validate(instance(fields)); err != nil {
			t.Errorf("record %v: %v", fields, err)
		}
	}
}

func checkStatus(t *testing.T, f *redistest.Fixture) {
	t.Helper()
	schema, seen, used := compile(t, "status-entry.schema.json"), map[string]bool{}, map[string]bool{}
	for _, m := range f.Raw.XRange(t.Context(), f.Keys.Status(), "-", "+").Val() {
		if err := schema.Validate(instance(m.Values)); err != nil {
			t.Errorf("status entry %v: %v", m.Values, err)
		}
		kind, _ := m.Values["kind"].(string)
		seen[kind] = true
		for name := range m.Values {
			used[name] = true
			declared := slices.ContainsFunc(statusFields(), func(f statusField) bool { return f.name == name && slices.Contains(f.kinds, kind) })
			if !declared {
				t.Errorf("a %s entry has the field %s, which the schema does not have", kind, name)
			}
		}
	}
	for _, kind := range kinds {
		if !seen[kind] {
			t.Errorf("no entry of kind %s", kind)
		}
	}
	for _, field := range statusFields() {
		if !used[field.name] {
			t.Errorf("no entry has %s", field.name)
		}
	}
}

// TestSchemasRefuse: a schema that accepts everything proves nothing.
func TestSchemasRefuse(t *testing.T) {
	accepted := map[string]string{
		"kind": "accepted", "event_id": "5-1", "seq": "1", "at": "2026-11-22T10:00:00.000Z", "queue": "default",
	}
	schema := compile(t, "status-entry.schema.json")
	if err := schema.Validate(instance(accepted)); err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]string{
		"kind": "surprised", "event_id": "5", "seq": "0", "at": "today", "v": "one", "hint": strings.Repeat("x", 1025),
	} {
		entry := instance(accepted)
		entry[field] = value
		if schema.Validate(entry) == nil {
			t.Errorf("%s %q is valid", field, value)
		}
	}
	for field := range accepted {
		entry := instance(accepted)
		delete(entry, field)
		if schema.Validate(entry) == nil {
			t.Errorf("an entry without %s is valid", field)
		}
	}
}
