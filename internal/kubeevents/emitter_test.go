package kubeevents

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// recorded is a Recorder.
type recorded struct{ all []Notice }

func (r *recorded) Record(n Notice) { r.all = append(r.all, n) }

// short is each notice's Reason, Subject and code.
func (r *recorded) short() []string {
	var all []string
	for _, one := range r.all {
		code, _, _ := strings.Cut(one.Fix, ":")
		all = append(all, strings.Join([]string{one.Reason, one.Subject, code}, "/"))
	}
	return all
}

// fake answers everything with one error.
type fake struct {
	worker.Journal
	worker.Cluster

	err error
}

func (f fake) Commit(context.Context, []worker.Write) error               { return f.err }
func (f fake) Create(context.Context, worker.PodSpec) (string, error)     { return "uid-1", f.err }
func (f fake) Delete(context.Context, worker.PodRef, time.Duration) error { return f.err }

var eventID = event.ID{Ms: 5, Seq: 1}

func ended(state worker.State, reason string) worker.Outcome {
	return worker.Outcome{Report: worker.Report{ID: eventID, Worker: "otto-agent-1-5-1", State: state, Reason: reason, Message: "the message"}}
}

// exhausted is the end of a worker that may not be retried any more.
func exhausted(reason string) worker.Outcome {
	o := ended(worker.StateFailed, reason)
	o.Exhausted = true
	return o
}

type journalCase struct {
	write worker.Write
	want  string
	parts []string // of the message
}

var journalCases = map[string]journalCase{
	"accepted":    {worker.Accept{}, "", nil},
	"running":     {worker.Progress{Report: worker.Report{State: worker.StateRunning}}, "", nil},
	"retried":     {worker.Progress{Report: worker.Report{State: worker.StateRetrying, Reason: "Evicted"}}, "", nil},
	"succeeded":   {ended(worker.StateSucceeded, "Completed"), "", nil},
	"failed":      {ended(worker.StateFailed, "Error"), "", nil},
	"memory":      {ended(worker.StateFailed, "OOMKilled"), "", nil},
	"scaled down": {ended(worker.StateCancelled, "ScaledDown"), "", nil},
	"deleted":     {ended(worker.StateCancelled, "Deleted"), "", nil},
	"no image": {
		ended(worker.StateFailed, "ErrImagePull"), "WorkerCannotStart/ErrImagePull/OTTO504",
		[]string{"otto-agent-1-5-1", "event 5-1", "the message"},
	},
	"no command":         {ended(worker.StateFailed, "RunContainerError"), "WorkerCannotStart/RunContainerError/OTTO514", nil},
	"no node":            {ended(worker.StateFailed, "Unschedulable"), "WorkerCannotStart/Unschedulable/OTTO503", nil},
	"refused":            {ended(worker.StateFailed, "Refused"), "WorkerCannotStart/Refused/OTTO501", nil},
	"evicted":            {exhausted("Evicted"), "AttemptsExhausted/Evicted/OTTO523", nil},
	"over its own limit": {ended(worker.StateFailed, "Evicted"), "", nil},
	"never starts":       {ended(worker.StateFailed, "StartTimeout"), "WorkerCannotStart/StartTimeout/OTTO550", nil},
	"rejected again":     {ended(worker.StateLost, "OutOfcpu"), "WorkerLost/OutOfcpu/OTTO541", nil},
	"runtime restarted":  {ended(worker.StateLost, "Unknown"), "WorkerLost/Unknown/OTTO551", nil},
	"node lost":          {ended(worker.StateLost, "NodeLost"), "WorkerStuck/NodeLost/OTTO510", nil},
	"missing":            {ended(worker.StateLost, "Missing"), "WorkerLost/Missing/OTTO511", nil},
	"record lost":        {ended(worker.StateLost, "RecordLost"), "WorkerLost/RecordLost/OTTO512", nil},
	"rejected": {
		worker.Reject{ID: eventID, Code: event.CodeType, Reason: "type is \"x\""},
		"EntryRejected/invalid_type/OTTO401",
		[]string{"entry 5-1", "invalid_type", "type is \"x\""},
	},
	"poison": {worker.Reject{ID: eventID, Code: event.CodePoison}, "EntryRejected/poison/OTTO536", nil},
	"restored": {
		worker.Restore{Record: worker.Record{Event: event.Event{EventID: eventID}}},
		"RecordsRestored//OTTO204",
		[]string{"event 5-1"},
	},
}

func TestJournal(t *testing.T) {
	for name, test := range journalCases {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func (c journalCase) check(t *testing.T) {
	t.Helper()
	for _, err := range []error{nil, errors.New("the reply was lost")} {
		want := c.want
		if err != nil { // not committed
			want = ""
		}
		var to recorded
		if got := NewEmitter(&to).Journal(fake{err: err}).Commit(t.Context(), []worker.Write{c.write}); !errors.Is(got, err) {
			t.Error(got)
		}
		if got := strings.Join(to.short(), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		for _, part := range c.parts {
			if err == nil && !strings.Contains(to.all[0].Message, part) {
				t.Errorf("%q lacks %q", to.all[0].Message, part)
			}
		}
	}
}

type clusterCase struct {
	err            error
	create, delete string
}

func TestCluster(t *testing.T) {
	for name, test := range map[string]clusterCase{
		"success":       {nil, "", ""},
		"exists":        {worker.ErrExists, "", ""},
		"unavailable":   {worker.ErrUnavailable, "", ""},
		"unknown":       {worker.ErrUnknown, "", ""},
		"gone":          {worker.ErrGone, "", ""},
		"refused":       {worker.ErrRefused, "TemplateParked/big/OTTO301", ""},
		"forbidden":     {worker.ErrForbidden, "AccessDenied/OTTO302/OTTO302", "AccessDenied/OTTO303/OTTO303"},
		"name conflict": {worker.ErrNameConflict, "NameTaken//OTTO311", ""},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func (c clusterCase) check(t *testing.T) {
	t.Helper()
	var created, deleted recorded
	err := c.err
	if err != nil {
		err = fmt.Errorf("x: %w: the server's message", err)
	}
	spec := worker.PodSpec{Name: "otto-agent-1-5-1", Event: &event.Event{EventID: eventID, Template: "big"}}
	uid, got := NewEmitter(&created).Cluster(fake{err: err}).Create(t.Context(), spec)
	if uid != "uid-1" || !errors.Is(got, err) {
		t.Errorf("%q, %v", uid, got)
	}
	if got := NewEmitter(&deleted).Cluster(fake{err: err}).Delete(t.Context(), worker.PodRef{}, -1); !errors.Is(got, err) {
		t.Error(got)
	}
	if got := strings.Join(created.short(), ", "); got != c.create {
		t.Errorf("create: %q, want %q", got, c.create)
	}
	if got := strings.Join(deleted.short(), ", "); got != c.delete {
		t.Errorf("delete: %q, want %q", got, c.delete)
	}
	if len(created.all) > 0 && !strings.Contains(created.all[0].Message, "the server's message") {
		t.Errorf("%q", created.all[0].Message)
	}
}

func TestProcess(t *testing.T) {
	var to recorded
	e := NewEmitter(&to)
	e.StreamOwned(errors.New("owned by blue"))
	e.WatchDenied(errors.New("forbidden"))
	e.ReloadFailed(errors.New("queues[0].weight: got 0"))
	want := "StreamOwned//OTTO203, AccessDenied/OTTO304/OTTO304, ReloadFailed//OTTO108"
	if got := strings.Join(to.short(), ", "); got != want || !strings.Contains(to.all[0].Message, "owned by blue") {
		t.Errorf("got %q, want %q: %+v", got, want, to.all)
	}
}
