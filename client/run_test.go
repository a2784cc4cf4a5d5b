package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// story are the statuses of a run, one short line each.
func story(t *testing.T, run *Run) []string {
	t.Helper()
	var lines []string
	for s, err := range run.Events(t.Context()) {
		if err != nil {
			lines = append(lines, "error "+err.Error())
			continue
		}
		line := s.Kind
		if s.Kind == KindWorker {
			line = fmt.Sprintf("%d %s", s.Index, s.State)
		}
		if s.FromSnapshot {
			line += " (snapshot)"
		}
		lines = append(lines, line)
	}
	return lines
}

func mustRun(t *testing.T, c *Client, r Request) *Run {
	t.Helper()
	run, err := c.Run(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestRun(t *testing.T) {
	addr := startRedis(t)
	newEngine(t, addr).start()
	c := newClient(t, addr, Options{})
	run := mustRun(t, c, Request{PodCount: 3, TaskID: "task-1", Metadata: map[string]string{"fail": "1"}})
	result, err := run.Wait(t.Context())
	one, zero := 1, 0
	want := Result{
		EventID: run.EventID(), TaskID: "task-1", Counts: Counts{Succeeded: 2, Failed: 1},
		Workers: []WorkerResult{
			{Index: 1, Attempt: 1, State: StateFailed, Reason: "Error", ExitCode: &one, Pod: "pod-1", Node: "node-1"},
			{Index: 2, Attempt: 1, State: StateSucceeded, Reason: "Completed", ExitCode: &zero, Pod: "pod-2", Node: "node-1"},
			{Index: 3, Attempt: 1, State: StateSucceeded, Reason: "Completed", ExitCode: &zero, Pod: "pod-3", Node: "node-1"},
		},
	}
	if diff := cmp.Diff(want, result); diff != "" || err != nil {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}
	lines := []string{
		"accepted", "1 created", "2 created", "3 created", "settled", "1 failed", "2 succeeded", "3 succeeded", "closed",
	}
	if diff := cmp.Diff(lines, story(t, run)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if again := story(t, run); len(again) > 0 || !run.Accepted() || run.Duplicate() || run.SentID() != run.EventID() {
		t.Errorf("%v, accepted %t, duplicate %t, sent %s", again, run.Accepted(), run.Duplicate(), run.SentID())
	}
	attached, err := c.Attach(t.Context(), run.EventID())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Workers { // a snapshot has no names of Pods, and of closed events no nodes
		want.Workers[i].Pod, want.Workers[i].Node = "", ""
	}
	if result, err = attached.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("attached: -want +got:\n%s", diff)
	}
}

func TestEventsCanBeLeft(t *testing.T) {
	addr := startRedis(t)
	newEngine(t, addr).start()
	run := mustRun(t, newClient(t, addr, Options{}), Request{PodCount: 1})
	for s, err := range run.Events(t.Context()) {
		if err != nil || s.Kind != KindAccepted {
			t.Fatal(s, err)
		}
		break
	}
	if diff := cmp.Diff([]string{"1 created", "settled", "1 succeeded", "closed"}, story(t, run)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRejected(t *testing.T) {
	addr := startRedis(t)
	newEngine(t, addr).start()
	run, err := newClient(t, addr, Options{}).Run(t.Context(), Request{PodCount: 1, Queue: "unknown"})
	rejected, ok := errors.AsType[*RejectedError](err)
	if !ok || run != nil || rejected.ReasonCode != "unknown_queue" || rejected.Code() != "OTTO401" || rejected.Fix() == "" {
		t.Errorf("%+v, %v", run, err)
	}
}

// TestLateRejection: nobody decides within the time that Run waits for it.
func TestLateRejection(t *testing.T) {
	addr := startRedis(t)
	c := newClient(t, addr, Options{AcceptTimeout: time.Millisecond})
	run := mustRun(t, c, Request{PodCount: 1, Queue: "unknown"})
	if run.Accepted() {
		t.Error("accepted by nobody")
	}
	newEngine(t, addr).start()
	if _, err := run.Wait(t.Context()); !isRejected(err) {
		t.Error(err)
	}
	for _, err := range run.Events(t.Context()) {
		if !isRejected(err) {
			t.Error(err)
		}
	}
	attached, err := c.Attach(t.Context(), run.SentID())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := attached.Wait(t.Context()); !isRejected(err) {
		t.Errorf("attached: %v", err)
	}
}

func isRejected(err error) bool {
	_, ok := errors.AsType[*RejectedError](err)
	return ok
}

func TestDuplicate(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.hold = true
	e.start()
	c := newClient(t, addr, Options{})
	r := Request{PodCount: 1, IdempotencyKey: "order-7"}
	first, second := mustRun(t, c, r), mustRun(t, c, r)
	if !second.Duplicate() || second.EventID() != first.EventID() || second.SentID() == first.SentID() || !second.Accepted() {
		t.Errorf("duplicate %t of %s, want %s", second.Duplicate(), second.EventID(), first.EventID())
	}
	e.finish(first.EventID(), map[string]string{"type": typeScaleUp, "pod_count": "1"})
	for _, run := range []*Run{first, second} {
		if result, err := run.Wait(t.Context()); err != nil || !result.OK {
			t.Errorf("%+v, %v", result, err)
		}
	}
	want := []string{"duplicate", "accepted (snapshot)", "1 created", "settled", "1 succeeded", "closed"}
	if diff := cmp.Diff(want, story(t, second)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestScaleDownAndCancel(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.start()
	c := newClient(t, addr, Options{})
	down, err := c.ScaleDown(t.Context(), ScaleDownRequest{PodCount: 2, TaskID: "t"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := down.Wait(t.Context())
	if !result.OK || result.Counts.Cancelled != 1 || err != nil {
		t.Errorf("%+v, %v", result, err)
	}
	cancel, err := mustRun(t, c, Request{PodCount: 1}).Cancel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"accepted", "cancelling", "closed"}, story(t, cancel)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExpired(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.rdb.Set(t.Context(), e.keys.mark(), "5-0", 0)
	c := newClient(t, addr, Options{})
	run, err := c.Attach(t.Context(), "4-0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Wait(t.Context()); !errors.Is(err, ErrExpired) {
		t.Error(err)
	}
	if s, err := c.Snapshot(t.Context(), "4-0"); s != nil || err != nil {
		t.Error(s, err)
	}
	if _, err := c.Attach(t.Context(), "latest"); err == nil {
		t.Error("attached to an ID that is none")
	}
}

func TestClosing(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.hold = true
	e.start()
	c := newClient(t, addr, Options{})
	run, other := mustRun(t, c, Request{PodCount: 1}), mustRun(t, c, Request{PodCount: 1})
	run.Close()
	if _, err := run.Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := other.Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := c.Run(t.Context(), Request{PodCount: 1}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := c.Snapshot(t.Context(), "1-0"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := c.Consume(t.Context(), ConsumeOptions{Group: "g"}, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestContexts: a caller who gives up gets its own error, and the run goes on for others.
func TestContexts(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.hold = true
	e.start()
	c := newClient(t, addr, Options{})
	run := mustRun(t, c, Request{PodCount: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := run.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err := c.Run(ctx, Request{PodCount: 1})
	if unsent, ok := errors.AsType[*UnsentError](err); !ok || unsent.Key == "" || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	e.finish(run.EventID(), map[string]string{"type": typeScaleUp, "pod_count": "1"})
	if result, err := run.Wait(t.Context()); err != nil || !result.OK {
		t.Error(result, err)
	}
}

// TestForbidden: what no waiting helps against is an error at once.
func TestForbidden(t *testing.T) {
	addr := startRedis(t)
	admin := connectTo(t, addr)
	if err := admin.Do(t.Context(), "ACL", "SETUSER", "kim", "on", ">secret", "~*", "+@all", "-xadd").Err(); err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: addr, Username: "kim", Password: "secret"})
	t.Cleanup(func() { _ = rdb.Close() })
	c := New(rdb, Options{})
	t.Cleanup(func() { _ = c.Close() })
	_, err := c.Run(t.Context(), Request{PodCount: 1})
	if unsent, ok := errors.AsType[*UnsentError](err); !ok || unsent.MaybeSent {
		t.Errorf("without xadd: %v", err)
	}
	admin.Do(t.Context(), "ACL", "SETUSER", "kim", "+xadd", "-xinfo")
	other := New(rdb, Options{})
	t.Cleanup(func() { _ = other.Close() })
	if _, err = other.Run(t.Context(), Request{PodCount: 1}); err == nil {
		t.Error("sent without a reader")
	}
}
