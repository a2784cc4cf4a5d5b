package stream

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func testKeyOwners(t *testing.T, p *process) {
	long := strings.Repeat("k", event.MaxIdempotencyKey+1)
	p.Do(t, "SET", keysOf.Idempotency("held"), "5-1 abc")
	p.Do(t, "SET", keysOf.Idempotency(long), "5-1 abc")
	for _, key := range []string{"held", "free", "", long} {
		p.Add(t, "idempotency_key", key)
	}
	for _, e := range read(t, p.source(), 4) {
		want := worker.Entry{ID: e.ID, Fields: e.Fields}
		if e.Fields["idempotency_key"] == "held" {
			want.KeyOwner, want.KeyHash = event.ID{Ms: 5, Seq: 1}, "abc"
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
	}
}

// testLookupFails: commands fail, reads do not.
func testLookupFails(t *testing.T, p *process) {
	s := p.source()
	nothing(t, s)
	id := p.Add(t, "idempotency_key", "k")
	failing := true
	p.Client.Commands().AddHook(failPipelines{&failing})
	if entries, err := s.Read(t.Context()); err == nil || len(entries) > 0 {
		t.Fatalf("read %v, %v", ids(entries), err)
	}
	failing = false
	if got := read(t, s, 1); got[0].ID != id || !got[0].Redelivered {
		t.Errorf("read %+v", got[0])
	}
}

// failPipelines is a hook that fails pipelines while its flag is set.
type failPipelines struct{ failing *bool }

func (failPipelines) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (failPipelines) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (f failPipelines) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if !*f.failing {
			return next(ctx, cmds)
		}
		err := errors.New("connection lost")
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
		return err
	}
}

func testInvalidKeyOwner(t *testing.T, p *process) {
	p.Do(t, "SADD", keysOf.Idempotency("set"), "x")
	for key, value := range map[string]string{"no id": "rubbish", "no hash": "5-1", "long": "5-1 " + strings.Repeat("h", 200)} {
		p.Do(t, "SET", keysOf.Idempotency(key), value)
	}
	for _, key := range []string{"set", "no id", "no hash", "long"} {
		p.Add(t, "idempotency_key", key)
	}
	for _, e := range read(t, p.source(), 4) {
		if !e.KeyOwner.IsZero() || e.KeyHash != "" {
			t.Errorf("key %q is owned by %v %q", e.Fields["idempotency_key"], e.KeyOwner, e.KeyHash)
		}
		if !strings.Contains(p.Log.String(), "event_id="+e.ID.String()) {
			t.Errorf("nothing was logged about key %q", e.Fields["idempotency_key"])
		}
	}
}
