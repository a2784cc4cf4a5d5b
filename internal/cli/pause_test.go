package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestPauseCommand(t *testing.T) {
	for name, test := range map[string]struct {
		request pauseRequest
		args    []string
		want    worker.Command
		wantErr string
	}{
		"one queue":     {pauseRequest{on: true, reason: "r", by: "kim"}, []string{"web"}, worker.Command{Queue: "web", On: true, By: "kim", Reason: "r"}, ""},
		"all queues":    {pauseRequest{on: true, reason: "r", by: "kim"}, nil, worker.Command{Queue: "*", On: true, By: "kim", Reason: "r"}, ""},
		"resume":        {pauseRequest{by: "kim"}, []string{"a/b"}, worker.Command{Queue: "a/b", By: "kim"}, ""},
		"no reason":     {pauseRequest{on: true, by: "kim"}, nil, worker.Command{}, "--reason"},
		"blank reason":  {pauseRequest{on: true, by: "kim", reason: " "}, nil, worker.Command{}, "--reason"},
		"long reason":   {pauseRequest{on: true, by: "kim", reason: strings.Repeat("x", 257)}, nil, worker.Command{}, "--reason"},
		"nobody":        {pauseRequest{on: true, reason: "r"}, nil, worker.Command{}, "--by"},
		"hostile name":  {pauseRequest{by: "a\x1b[2Jb"}, nil, worker.Command{}, "--by"},
		"invalid queue": {pauseRequest{by: "kim"}, []string{"*"}, worker.Command{}, "QUEUE"},
		"empty queue":   {pauseRequest{by: "kim"}, []string{""}, worker.Command{}, "QUEUE"},
	} {
		got, err := test.request.build(test.args)
		if (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%s: got error %v, want one with %q", name, err, test.wantErr)
		}
		if diff := cmp.Diff(test.want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// fakeControls apply a command after some looks.
type fakeControls struct {
	before, after map[string]worker.Paused
	looks         int // before it is applied; negative: never
	err           error
}

func (f *fakeControls) Send(context.Context, worker.Command) (event.ID, error) {
	return event.ID{Ms: 7}, f.err
}

func (f *fakeControls) Paused(ctx context.Context) (map[string]worker.Paused, error) {
	if f.looks--; f.looks == -1 {
		f.before = f.after
	}
	return f.before, ctx.Err()
}

type applyCase struct {
	cmd           worker.Command
	before, after map[string]worker.Paused
	looks         int
	code          int
	says          string
}

var (
	byKim    = worker.Paused{By: "kim", Reason: "etcd upgrade", At: noon}
	byLee    = worker.Paused{By: "lee", Reason: "other", At: noon}
	pauseWeb = worker.Command{Queue: "web", On: true, By: "kim", Reason: "etcd upgrade"}
)

var applyCases = map[string]applyCase{
	"paused":         {pauseWeb, nil, map[string]worker.Paused{"web": byKim}, 3, 0, "queue web paused; undo it with: ottoscaler resume web\n"},
	"paused by lee":  {pauseWeb, map[string]worker.Paused{"web": byLee}, map[string]worker.Paused{"web": byKim}, 3, 0, "queue web paused"},
	"all paused":     {worker.Command{Queue: "*", On: true, By: "kim", Reason: "etcd upgrade"}, nil, map[string]worker.Paused{"*": byKim}, 0, 0, "all queues paused; undo it with: ottoscaler resume\n"},
	"resumed":        {worker.Command{Queue: "web"}, map[string]worker.Paused{"web": byKim}, nil, 3, 0, "queue web resumed\n"},
	"all stay":       {worker.Command{Queue: "web"}, nil, map[string]worker.Paused{"*": byKim}, 0, 0, "still paused: all queues, paused by kim since 2026-03-04 12:00:00Z: \"etcd upgrade\"\n"},
	"one stays":      {worker.Command{Queue: "*"}, nil, map[string]worker.Paused{"web": byLee}, 0, 0, "all queues resumed\nstill paused: queue web, paused by lee since 2026-03-04 12:00:00Z: \"other\"\n"},
	"not applied":    {pauseWeb, nil, nil, -1, exitBroken, "command 7-0 was sent and is not applied yet"},
	"lee's stays":    {pauseWeb, map[string]worker.Paused{"web": byLee}, nil, -1, exitBroken, "is not applied yet"},
	"not resumed":    {worker.Command{Queue: "web"}, map[string]worker.Paused{"web": byKim}, nil, -1, exitBroken, "is not applied yet"},
	"all not paused": {worker.Command{Queue: "*", On: true, By: "kim", Reason: "etcd upgrade"}, map[string]worker.Paused{"web": byKim}, nil, -1, exitBroken, "is not applied yet"},
}

// TestApply: a command is reported as applied only once the records show it, and for ten seconds at most it is waited for.
func TestApply(t *testing.T) {
	for name, test := range applyCases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				began := time.Now()
				err := apply(t.Context(), &fakeControls{before: test.before, after: test.after, looks: test.looks}, test.cmd, &out)
				said := out.String()
				if err != nil {
					said += err.Error()
				}
				if exitCode(err) != test.code || !strings.Contains(said, test.says) {
					t.Errorf("%v, said %q, want %q", err, said, test.says)
				}
				if took := time.Since(began); took > applyTimeout {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestNotSent(t *testing.T) {
	err := apply(t.Context(), &fakeControls{err: errors.New("connection reset")}, pauseWeb, &bytes.Buffer{})
	if exitCode(err) != exitBroken || !strings.Contains(err.Error(), "sending it again is safe") {
		t.Errorf("%v", err)
	}
}
