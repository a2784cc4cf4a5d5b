package records

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var accepting = []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}}

// refused checks that a Commit fails and changes nothing.
func refused(t *testing.T, p *redistest.Fixture, j *Journal, batch []worker.Write, want string) {
	t.Helper()
	before := p.Dump(t)
	if err := j.Commit(t.Context(), batch); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if diff := cmp.Diff(before, p.Dump(t)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

func testEmptyBatch(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	for range 2 { // the term survives it
		if err := j.Commit(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	begin(t, newJournal(p))
	refused(t, p, j, nil, "another term has begun")
	p.Do(t, "FLUSHALL")
	refused(t, p, j, nil, "Redis data was lost")
}

func testNoTerm(t *testing.T, p *redistest.Fixture) {
	j := newJournal(p)
	refused(t, p, j, nil, "no term has begun")
	refused(t, p, j, accepting, "no term has begun")
}

func testFenced(t *testing.T, p *redistest.Fixture) {
	p.Do(t, "XADD", stream, theID.String(), "a", "b")
	old := begun(t, p)
	young := begun(t, p)
	refused(t, p, old, accepting, "another term has begun")
	if err := young.Commit(t.Context(), accepting); err != nil {
		t.Error(err)
	}
	if last, known := begin(t, old); last != theID || !known {
		t.Errorf("last accepted %v, known %v", last, known)
	}
	refused(t, p, young, accepting, "another term has begun")
}

func testEmptied(t *testing.T, p *redistest.Fixture) {
	j := newJournal(p)
	if _, known := begin(t, j); known {
		t.Error("a term is known before the first")
	}
	p.Do(t, "FLUSHALL")
	refused(t, p, j, accepting, "Redis data was lost")
	if _, known := begin(t, j); known {
		t.Error("the emptied Redis knows of a term")
	}
	if _, known := begin(t, newJournal(p)); !known {
		t.Error("the next term knows of none before it")
	}
}

// testConflict: another term begins between the lookup and the EXEC.
func testConflict(t *testing.T, p *redistest.Fixture) { conflict(t, p, "SET", keysOf.Fence(), "other") }

func conflict(t *testing.T, p *redistest.Fixture, change ...any) {
	t.Helper()
	j := begun(t, p)
	err := j.fence.exec(t.Context(), func(pipe goredis.Pipeliner) error {
		p.Do(t, change...)
		return j.queue(t.Context(), pipe, accepting, theID)
	})
	if !errors.Is(err, errConflict) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]any{}, p.Dump(t)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

// testLostReply: the result of the batch is unknown, so nothing may follow it.
func testLostReply(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Commit(ctx, accepting); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	refused(t, p, j, accepting, "no term has begun")
	begin(t, j)
	if err := j.Commit(t.Context(), accepting); err != nil {
		t.Error(err)
	}
}

func testWrongReply(t *testing.T, p *redistest.Fixture) {
	p.Do(t, "SET", keysOf.Open(), "no set")
	err := begun(t, p).Commit(t.Context(), []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"redis " + p.Addr, "WRONGTYPE", "SADD", keysOf.Open()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
