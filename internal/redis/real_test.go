//go:build real

package redis

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

func realPlace(t *testing.T) *place {
	t.Helper()
	return newPlace(t, redistest.Start(t).Addr)
}

func TestJournalOnRealRedis(t *testing.T) { testJournal(t, realPlace) }

func TestConformanceOnRealRedis(t *testing.T) { testConformance(t, realPlace) }

func TestDeliveriesOnRealRedis(t *testing.T) {
	workertest.TestDeliveries(t, func(t *testing.T) workertest.Records { return records(t, realPlace(t)) })
}

func TestSourceOnRealRedis(t *testing.T) { testSource(t, realPlace) }

// TestEmptiedInThatMoment: Redis is emptied between the look and the EXEC.
func TestEmptiedInThatMoment(t *testing.T) { touched(t, realPlace(t), "FLUSHALL") }

// TestNewStreamWithItsGroup: somebody made the group on the new stream, and read with it.
func TestNewStreamWithItsGroup(t *testing.T) {
	p := realPlace(t)
	p.do(t, "SET", keysOf.Mark(), "5-1")
	p.do(t, "XADD", stream, "4-1", "a", "b")
	p.do(t, "XGROUP", "CREATE", stream, group, "$")
	mark, _ := begin(t, p.journal())
	if got := lastDelivered(t, p); !mark.IsZero() || got != "0-0" {
		t.Errorf("the mark %v, the group stands at %s", mark, got)
	}
}

// TestNewStreamComesBack: what Begin saw of the stream is no longer so when it writes.
func TestNewStreamComesBack(t *testing.T) {
	p := realPlace(t)
	p.do(t, "XADD", stream, "5-1", "a", "b")
	p.do(t, "XGROUP", "CREATE", stream, group, "$")
	p.do(t, "RENAME", stream, "aside")
	p.do(t, "SET", keysOf.Mark(), "5-1")
	p.client.commands.AddHook(beforeMulti(func() { p.raw.Rename(t.Context(), "aside", stream) }))
	if _, _, err := p.journal().Begin(t.Context()); err == nil || !strings.Contains(err.Error(), "in that moment") {
		t.Errorf("error %v", err)
	}
	if got := lastDelivered(t, p); got != "5-1" || p.raw.Exists(t.Context(), keysOf.Mark()).Val() != 1 {
		t.Errorf("the group was set back to %s, or the mark is gone", got)
	}
}

// beforeMulti is a hook that does something before each transaction is sent.
type beforeMulti func()

func (beforeMulti) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (beforeMulti) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (do beforeMulti) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if cmds[0].Name() == "multi" {
			do()
		}
		return next(ctx, cmds)
	}
}

// TestHugeEndsOfAStream: Begin does not take in the entries that XINFO STREAM comes with.
func TestHugeEndsOfAStream(t *testing.T) {
	p := realPlace(t)
	p.add(t, "blob", strings.Repeat("x", 16<<20))
	j := p.journal()
	if got := allocated(func() { begin(t, j) }); got > 4<<20 {
		t.Errorf("Begin allocated %d bytes", got)
	}
}

func TestTrimmed(t *testing.T) {
	p := realPlace(t)
	first, second := p.add(t, "n", "1"), p.add(t, "n", "2")
	read(t, p.source(), 2)
	p.do(t, "XDEL", stream, first.String())
	got := read(t, p.source(), 2)
	want := []worker.Entry{
		{ID: first, Trimmed: true, Redelivered: true}, {ID: second, Fields: map[string]string{"n": "2"}, Redelivered: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// blocked waits until a client is in a blocking read, and returns its line of CLIENT LIST.
func blocked(t *testing.T, p *place) string {
	t.Helper()
	for range 500 {
		list, _ := p.do(t, "CLIENT", "LIST").(string)
		for line := range strings.Lines(list) {
			if strings.Contains(line, "cmd=xreadgroup") && strings.Contains(line, "flags=b") {
				return line
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nobody blocks")
	return ""
}

type result struct {
	entries []worker.Entry
	err     error
}

// readInBackground reads once, with a block of 2 s.
func readInBackground(ctx context.Context, s *Source) <-chan result {
	s.opts.Block = defaultBlock
	results := make(chan result, 1)
	go func() {
		entries, err := s.Read(ctx)
		results <- result{entries, err}
	}()
	return results
}

func TestStreamDeletedWhileBlocked(t *testing.T) {
	p := realPlace(t)
	s := p.source()
	old := p.add(t, "n", "old")
	read(t, s, 1)
	p.do(t, "SET", keysOf.Mark(), old.String())
	results := readInBackground(t.Context(), s)
	blocked(t, p)
	p.do(t, "DEL", stream)
	if r := <-results; !errors.Is(r.err, worker.ErrStreamReplaced) {
		t.Fatalf("read %v, %v", ids(r.entries), r.err)
	}
}

// TestTakeOver: entries of several consumers, some of them deleted, come in numeric order. Taking over counts as no
// delivery, and keeps what is deleted on the pending list until it is acknowledged.
func TestTakeOver(t *testing.T) {
	p := realPlace(t)
	s := p.source()
	nothing(t, s) // the process has begun: nothing is counted any more
	var want []worker.Entry
	for i := range 12 {
		id := event.ID{Ms: 7, Seq: uint64(i) + 1}
		p.do(t, "XADD", stream, id.String(), "n", "1")
		p.do(t, "XREADGROUP", "GROUP", group, []string{consumer, "by hand", "old name"}[i%3], "COUNT", 1, "STREAMS", stream, ">")
		e := worker.Entry{ID: id, Redelivered: true, Trimmed: i%4 == 1}
		if e.Trimmed {
			p.do(t, "XDEL", stream, id.String())
		} else {
			e.Fields = map[string]string{"n": "1"}
		}
		want = append(want, e)
	}
	if diff := cmp.Diff(want, read(t, p.source(), 12)); diff != "" {
		t.Error(diff)
	}
	for _, e := range p.raw.XPendingExt(t.Context(), &goredis.XPendingExtArgs{Stream: stream, Group: group, Start: "-", End: "+", Count: 99}).Val() {
		i := mustID(t, e.ID).Seq - 1
		if e.RetryCount != 1 || e.Consumer != consumer && !want[i].Trimmed {
			t.Errorf("%+v", e)
		}
	}
	if got := p.pending(t); got != 12 {
		t.Errorf("%d are pending, want 12", got)
	}
}

// TestHugeOfAnotherConsumer: to take an entry over, its body is not taken in.
func TestHugeOfAnotherConsumer(t *testing.T) {
	p := realPlace(t)
	s := p.source()
	nothing(t, s)
	p.add(t, "blob", strings.Repeat("x", 16<<20))
	p.do(t, "XREADGROUP", "GROUP", group, "by hand", "STREAMS", stream, ">")
	page, err := s.pendingPage(t.Context(), event.ID{}, maxID, 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := allocated(func() { err = s.takeOver(t.Context(), page) }); err != nil || got > 4<<20 {
		t.Errorf("it allocated %d bytes, %v", got, err)
	}
}

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestConnectionLostWhileBlocked(t *testing.T) {
	p := realPlace(t)
	s := p.source()
	first := p.add(t, "n", "1")
	read(t, s, 1)
	results := readInBackground(t.Context(), s)
	line := blocked(t, p)
	id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
	p.do(t, "CLIENT", "KILL", "ID", id)
	if r := <-results; r.err == nil || !strings.HasPrefix(r.err.Error(), "redis "+p.addr+": reading "+stream+": the server closed") {
		t.Fatalf("read %v, %v", ids(r.entries), r.err)
	}
	second := p.add(t, "n", "2")
	if diff := cmp.Diff([]string{first.String(), second.String()}, ids(read(t, s, 2))); diff != "" {
		t.Error(diff)
	}
}

func TestCancelledWhileBlocked(t *testing.T) {
	p := realPlace(t)
	s := p.source()
	nothing(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	begin := time.Now()
	results := readInBackground(ctx, s)
	blocked(t, p)
	cancel()
	id := p.add(t, "n", "1") // it is delivered to that read, and must come out of it
	if r := <-results; r.err != nil || len(r.entries) != 1 || r.entries[0].ID != id {
		t.Errorf("read %v, %v", ids(r.entries), r.err)
	}
	if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the next read: %v", err)
	}
	if took := time.Since(begin); took > defaultBlock+time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestServerCrash(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	p := newPlace(t, server.Addr)
	s, j := p.source(), p.begun(t)
	id := p.add(t, "n", "1")
	read(t, s, 1)
	server.Kill()
	if _, err := s.Read(t.Context()); err == nil {
		t.Error("a read from nobody is no error")
	}
	if err := j.Commit(t.Context(), []worker.Write{worker.Ack{ID: id}}); err == nil {
		t.Error("a write to nobody is no error")
	}
	server.Restart()
	if err := p.client.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	// go-redis goes on telling its last dial error until it has looked again, which it does once a second.
	got, err := s.Read(t.Context())
	for range 50 {
		if err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
		got, err = s.Read(t.Context())
	}
	if err != nil || len(got) != 1 || got[0].ID != id || !got[0].Redelivered {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestHugeEntries(t *testing.T) {
	p := realPlace(t)
	s, j := p.source(), p.begun(t)
	p.add(t, "type", "scale_up", "blob", strings.Repeat("x", 16<<20))
	p.add(t, strings.Repeat("n", 16<<20), "v", "type", "scale_up")
	many := []any{"type", "scale_up"}
	for i := range 10_000 {
		many = append(many, fmt.Sprintf("field-%d", i), "value")
	}
	p.add(t, many...)
	last := p.add(t, "type", "scale_up")
	for round := range 2 { // new, then pending
		var entries []worker.Entry
		if got := allocated(func() { entries = read(t, s, 4) }); got > 4<<20 {
			t.Errorf("round %d: reading allocated %d bytes", round, got)
		}
		if got := entries[2].Size.Fields; got != 10_001 {
			t.Errorf("round %d: %d fields", round, got)
		}
		if entries[3].ID != last || entries[0].Size.Bytes != len("type"+"scale_up"+"blob")+16<<20 {
			t.Errorf("round %d: read %v", round, ids(entries))
		}
		if round == 1 {
			rejectAll(t, p, j, entries)
		}
		s = p.source()
	}
	if p.pending(t) != 0 {
		t.Error("something is pending")
	}
}

func rejectAll(t *testing.T, p *place, j *Journal, entries []worker.Entry) {
	t.Helper()
	for _, e := range entries {
		write := worker.Reject{ID: e.ID, Fields: e.Fields, Size: e.Size, Code: "invalid_metadata", Reason: "too much", At: at}
		if err := j.Commit(t.Context(), []worker.Write{write}); err != nil {
			t.Fatal(err)
		}
	}
	for _, letter := range p.raw.XRange(t.Context(), keysOf.Dead(), "-", "+").Val() {
		size := 0
		for name, value := range letter.Values {
			size += len(name) + len(fmt.Sprint(value))
		}
		if size > 12<<10 {
			t.Errorf("the dead letter of %v has %d bytes", letter.Values["original_id"], size)
		}
	}
}

// TestRefusedInMulti: the command that may not be queued is named, not the EXECABORT that follows.
func TestRefusedInMulti(t *testing.T) {
	p := realPlace(t)
	p.do(t, "ACL", "SETUSER", "otto", "on", ">secret", "~*", "+@all", "-sadd")
	client, err := NewClient(Options{Addr: p.addr, Username: "otto", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	j := NewJournal(client, journalOptions())
	begin(t, j)
	err = j.Commit(t.Context(), []worker.Write{worker.Accept{Event: sample, Hash: "h", At: at}})
	if err == nil || !strings.Contains(err.Error(), "SADD") || !strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	if got := p.dump(t); len(got) != 0 {
		t.Errorf("half of it was written: %v", got)
	}
}
