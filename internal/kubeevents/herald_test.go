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

// notebook is a Recorder.
type notebook struct{ all []Notice }

func (n *notebook) Record(notice Notice) { n.all = append(n.all, notice) }

// short is each notice's Reason, About and code.
func (n *notebook) short() []string {
	var all []string
	for _, one := range n.all {
		code, _, _ := strings.Cut(one.Then, ":")
		all = append(all, strings.Join([]string{one.Reason, one.About, code}, " "))
	}
	return all
}

// house answers everything with one error.
type house struct {
	worker.Journal
	worker.Cluster

	err error
}

func (h house) Commit(context.Context, []worker.Write) error               { return h.err }
func (h house) Create(context.Context, worker.PodSpec) (string, error)     { return "uid-1", h.err }
func (h house) Delete(context.Context, worker.PodRef, time.Duration) error { return h.err }

var theID = event.ID{Ms: 5, Seq: 1}

func ended(state worker.State, reason string) worker.Outcome {
	return worker.Outcome{Report: worker.Report{ID: theID, Worker: "otto-agent-1-5-1", State: state, Reason: reason, Message: "the words"}}
}

func TestJournal(t *testing.T) {
	for name, test := range map[string]struct {
		write worker.Write
		want  string
		what  []string
	}{
		"accepted":      {worker.Accept{}, "", nil},
		"running":       {worker.Progress{Report: worker.Report{State: worker.StateRunning}}, "", nil},
		"retried":       {worker.Progress{Report: worker.Report{State: worker.StateRetrying, Reason: "Evicted"}}, "", nil},
		"succeeded":     {ended(worker.StateSucceeded, "Completed"), "", nil},
		"its own fault": {ended(worker.StateFailed, "Error"), "", nil},
		"its own size":  {ended(worker.StateFailed, "OOMKilled"), "", nil},
		"taken away":    {ended(worker.StateCancelled, "ScaledDown"), "", nil},
		"deleted":       {ended(worker.StateCancelled, "Deleted"), "", nil},
		"no image":      {ended(worker.StateFailed, "ErrImagePull"), "WorkerCannotStart ErrImagePull OTTO504", []string{"otto-agent-1-5-1", "event 5-1", "the words"}},
		"no node":       {ended(worker.StateFailed, "Unschedulable"), "WorkerCannotStart Unschedulable OTTO503", nil},
		"refused":       {ended(worker.StateFailed, "Refused"), "WorkerCannotStart Refused OTTO501", nil},
		"evicted":       {ended(worker.StateFailed, "Evicted"), "AttemptsExhausted Evicted OTTO523", nil},
		"no node left":  {ended(worker.StateLost, "NodeLost"), "WorkerStuck NodeLost OTTO510", nil},
		"vanished":      {ended(worker.StateLost, "Missing"), "WorkerLost Missing OTTO511", nil},
		"forgotten":     {ended(worker.StateLost, "RecordLost"), "WorkerLost RecordLost OTTO512", nil},
		"rejected": {
			worker.Reject{ID: theID, Code: event.CodeType, Reason: "type is \"x\""},
			"EntryRejected invalid_type OTTO401",
			[]string{"entry 5-1", "invalid_type", "type is \"x\""},
		},
		"poison":   {worker.Reject{ID: theID, Code: event.CodePoison}, "EntryRejected poison OTTO536", nil},
		"restored": {worker.Restore{Record: worker.Record{Event: event.Event{EventID: theID}}}, "RecordsRestored  OTTO204", []string{"event 5-1"}},
	} {
		for _, err := range []error{nil, errors.New("the reply was lost")} {
			want := test.want
			if err != nil { // what is not committed has not happened
				want = ""
			}
			var book notebook
			if got := NewEmitter(&book).Journal(house{err: err}).Commit(t.Context(), []worker.Write{test.write}); !errors.Is(got, err) {
				t.Errorf("%s: %v", name, got)
			}
			if got := strings.Join(book.short(), ", "); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			for _, part := range test.what {
				if err == nil && !strings.Contains(book.all[0].What, part) {
					t.Errorf("%s: %q does not say %q", name, book.all[0].What, part)
				}
			}
		}
	}
}

func TestCluster(t *testing.T) {
	for name, test := range map[string]struct {
		err            error
		create, delete string
	}{
		"well":    {nil, "", ""},
		"exists":  {worker.ErrExists, "", ""},
		"busy":    {worker.ErrUnavailable, "", ""},
		"unknown": {worker.ErrUnknown, "", ""},
		"gone":    {worker.ErrGone, "", ""},
		"refused": {worker.ErrRefused, "TemplateParked big OTTO301", ""},
		"denied":  {worker.ErrForbidden, "AccessDenied " + mayNotCreate + " OTTO302", "AccessDenied " + mayNotDelete + " OTTO303"},
		"foreign": {worker.ErrNameConflict, "NameTaken  OTTO311", ""},
	} {
		var created, deleted notebook
		err := test.err
		if err != nil {
			err = fmt.Errorf("x: %w: the server's words", err)
		}
		spec := worker.PodSpec{Name: "otto-agent-1-5-1", Event: &event.Event{EventID: theID, Template: "big"}}
		uid, got := NewEmitter(&created).Cluster(house{err: err}).Create(t.Context(), spec)
		if uid != "uid-1" || !errors.Is(got, err) {
			t.Errorf("%s: %q, %v", name, uid, got)
		}
		if got := NewEmitter(&deleted).Cluster(house{err: err}).Delete(t.Context(), worker.PodRef{}, -1); !errors.Is(got, err) {
			t.Errorf("%s: %v", name, got)
		}
		if got := strings.Join(created.short(), ", "); got != test.create {
			t.Errorf("%s: creating: %q, want %q", name, got, test.create)
		}
		if got := strings.Join(deleted.short(), ", "); got != test.delete {
			t.Errorf("%s: deleting: %q, want %q", name, got, test.delete)
		}
		if len(created.all) > 0 && (!strings.Contains(created.all[0].What, "the server's words")) {
			t.Errorf("%s: %q", name, created.all[0].What)
		}
	}
}

func TestOfTheProcess(t *testing.T) {
	var book notebook
	h := NewEmitter(&book)
	h.Owned(errors.New("it belongs to blue"))
	h.WatchDenied(errors.New("forbidden"))
	want := "StreamOwned  OTTO203, AccessDenied " + mayNotWatch + " OTTO304"
	if got := strings.Join(book.short(), ", "); got != want || !strings.Contains(book.all[0].What, "it belongs to blue") {
		t.Errorf("got %q, want %q: %+v", got, want, book.all)
	}
}
