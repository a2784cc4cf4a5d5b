//go:build real

package records

import (
	"context"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// TestNewStreamWithItsGroup: the group was created on the new stream, and has read.
func TestNewStreamWithItsGroup(t *testing.T) {
	p := redistest.Real(t)
	p.Do(t, "SET", keysOf.LastAcceptedID(), "5-1")
	p.Do(t, "XADD", stream, "4-1", "a", "b")
	p.Do(t, "XGROUP", "CREATE", stream, group, "$")
	last, _ := begin(t, newJournal(p))
	if got := p.LastDelivered(t); !last.IsZero() || got != "0-0" {
		t.Errorf("last accepted %v, the group is at %s", last, got)
	}
}

// TestNewStreamComesBack: the old stream is back when Begin writes.
func TestNewStreamComesBack(t *testing.T) {
	p := redistest.Real(t)
	p.Do(t, "XADD", stream, "5-1", "a", "b")
	p.Do(t, "XGROUP", "CREATE", stream, group, "$")
	p.Do(t, "RENAME", stream, "aside")
	p.Do(t, "SET", keysOf.LastAcceptedID(), "5-1")
	p.Client.Commands().AddHook(beforeMulti(func() { p.Raw.Rename(t.Context(), "aside", stream) }))
	if _, err := newJournal(p).Begin(t.Context()); err == nil || !strings.Contains(err.Error(), "during the write") {
		t.Errorf("error %v", err)
	}
	if got := p.LastDelivered(t); got != "5-1" || p.Raw.Exists(t.Context(), keysOf.LastAcceptedID()).Val() != 1 {
		t.Errorf("the group was set back to %s, or the last accepted ID is gone", got)
	}
}

// beforeMulti is a hook that runs before each transaction is sent.
type beforeMulti func()

func (beforeMulti) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (beforeMulti) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (do beforeMulti) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if cmds[0].Name() == "multi" {
			do()
		}
		return next(ctx, cmds)
	}
}

// TestHugeEndsOfAStream: Begin does not load the entries in the reply of XINFO STREAM.
func TestHugeEndsOfAStream(t *testing.T) {
	p := redistest.Real(t)
	p.Add(t, "blob", strings.Repeat("x", 16<<20))
	j := newJournal(p)
	if got := redistest.Allocated(func() { begin(t, j) }); got > 4<<20 {
		t.Errorf("Begin allocated %d bytes", got)
	}
}
