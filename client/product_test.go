package client

import (
	"errors"
	"os"
	"testing"
	"time"
)

// product is the address of a Redis that a running Ottoscaler serves, whose built-in template runs to its end by itself.
func product(t *testing.T) string {
	t.Helper()
	addr := os.Getenv("OTTO_CLIENT_REDIS")
	if addr == "" {
		t.Skip("OTTO_CLIENT_REDIS is not set: this test needs the address of a Redis that a running Ottoscaler serves")
	}
	return addr
}

func total(c Counts) int { return c.Succeeded + c.Failed + c.Cancelled + c.Lost }

func TestProductRun(t *testing.T) {
	c := newClient(t, product(t), Options{AcceptTimeout: time.Minute})
	run := mustRun(t, c, Request{PodCount: 3, TaskID: "client-test"})
	seq, outcomes := int64(0), 0
	for s, err := range run.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if s.Seq != 0 && s.Seq != seq+1 {
			t.Errorf("%s: seq %d after %d", s.Kind, s.Seq, seq)
		}
		if seq = s.Seq; s.IsOutcome() {
			outcomes++
		}
	}
	result, err := run.Wait(t.Context())
	if err != nil || outcomes != 3 || len(result.Workers) != 3 || total(result.Counts) != 3 || result.TaskID != "client-test" {
		t.Errorf("%d outcomes, %+v, %v", outcomes, result, err)
	}
	attached, err := c.Attach(t.Context(), run.EventID())
	if err != nil {
		t.Fatal(err)
	}
	if later, err := attached.Wait(t.Context()); err != nil || later.Counts != result.Counts {
		t.Errorf("attached: %+v, %v", later, err)
	}
}

func TestProductCancel(t *testing.T) {
	c := newClient(t, product(t), Options{AcceptTimeout: time.Minute})
	run := mustRun(t, c, Request{PodCount: 2})
	cancel, err := run.Cancel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if done, err := cancel.Wait(t.Context()); err != nil || !done.OK {
		t.Errorf("%+v, %v", done, err)
	}
	if result, err := run.Wait(t.Context()); err != nil || total(result.Counts) != 2 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestProductRejection(t *testing.T) {
	c := newClient(t, product(t), Options{AcceptTimeout: time.Minute})
	_, err := c.Run(t.Context(), Request{PodCount: 1, Template: "no-such-template"})
	rejected, ok := errors.AsType[*RejectedError](err)
	if !ok || rejected.ReasonCode != "unknown_template" || rejected.Fix() == "" {
		t.Fatal(err)
	}
	run, err := c.Attach(t.Context(), rejected.SentID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Wait(t.Context()); !isRejected(err) {
		t.Errorf("attached: %v", err)
	}
}

func TestProductDuplicate(t *testing.T) {
	c := newClient(t, product(t), Options{AcceptTimeout: time.Minute})
	r := Request{PodCount: 1, IdempotencyKey: newKey()}
	first, second := mustRun(t, c, r), mustRun(t, c, r)
	if !second.Duplicate() || second.EventID() != first.EventID() {
		t.Errorf("duplicate %t of %s, want %s", second.Duplicate(), second.EventID(), first.EventID())
	}
	for _, run := range []*Run{first, second} {
		if result, err := run.Wait(t.Context()); err != nil || total(result.Counts) != 1 {
			t.Errorf("%+v, %v", result, err)
		}
	}
	r.PodCount = 2
	if _, err := c.Run(t.Context(), r); !isRejected(err) {
		t.Errorf("the same key with other content: %v", err)
	}
}

func TestProductCut(t *testing.T) {
	p := startProxy(t, product(t))
	c := newClient(t, p.addr(), Options{AcceptTimeout: time.Minute, CommandTimeout: time.Second})
	for _, reply := range []int{0, 1, xaddReply / 2, xaddReply - 1} {
		broken := p.breakNext(plan{word: "xadd", reply: reply})
		run := mustRun(t, c, Request{PodCount: 1})
		<-broken
		if result, err := run.Wait(t.Context()); err != nil || total(result.Counts) != 1 || !run.Duplicate() {
			t.Errorf("cut after %d bytes: %+v, %v, duplicate %t", reply, result, err, run.Duplicate())
		}
	}
}
