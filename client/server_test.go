package client

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startRedis starts a redis-server of its own for the test, and returns its address.
func startRedis(t *testing.T, more ...string) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed: this test needs a real one")
	}
	for range 5 { // somebody else may take the port in between
		if addr, ok := tryRedis(t, path, more); ok {
			return addr
		}
	}
	t.Fatal("redis-server does not start")
	return ""
}

func tryRedis(t *testing.T, path string, more []string) (addr string, ok bool) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	_ = l.Close()
	args := []string{"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no"}
	cmd := exec.Command(path, append(args, more...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for !ok && lines.Scan() {
		ok = strings.Contains(lines.Text(), "Ready to accept connections")
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for lines.Scan() {
			continue // Wait may only be called once all is read
		}
		_ = cmd.Wait()
	})
	return addr, ok
}

// connectTo is a go-redis client as a user has it.
func connectTo(t *testing.T, addr string) *redis.Client {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// newClient is a Client that ends with the test.
func newClient(t *testing.T, addr string, o Options) *Client {
	t.Helper()
	c := New(connectTo(t, addr), o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

const testStream = "otto:scale:events"

// engine does what Ottoscaler does, as far as a client sees it: it decides on entries in their order, and writes a record and a status
// together.
type engine struct {
	t    *testing.T
	rdb  *redis.Client
	keys keys
	// hold keeps events open: the test ends their workers itself.
	hold bool
}

func newEngine(t *testing.T, addr string) *engine {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: time.Minute, WriteTimeout: time.Minute}) // the machine may be busy
	t.Cleanup(func() { _ = rdb.Close() })
	return &engine{t: t, rdb: rdb, keys: newKeys(testStream)}
}

// start decides on entries in the background until the test ends.
func (e *engine) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	reads := redis.NewClient(e.rdb.Options())
	go func() {
		defer close(done)
		for from := "0"; ctx.Err() == nil; {
			streams, err := reads.XRead(ctx, &redis.XReadArgs{Streams: []string{testStream, from}, Block: -0}).Result()
			if err != nil {
				continue
			}
			for _, m := range streams[0].Messages {
				from = m.ID
				e.decide(m.ID, texts(m.Values))
			}
		}
	}()
	e.t.Cleanup(func() { cancel(); _ = reads.Close(); <-done })
}

// decide does to an entry all that happens to it.
func (e *engine) decide(id string, f map[string]string) {
	switch owner := e.owner(f); {
	case f["queue"] == "unknown":
		e.write(id, nil, "rejected", "seq", "1", "reason", "unknown_queue", "code", "OTTO401", "message", "there is no queue \"unknown\"")
	case owner != "":
		e.write(id, nil, "duplicate", "seq", "1", "duplicate_of", owner)
	default:
		e.accept(id, f)
		if !e.hold {
			e.finish(id, f)
		}
	}
}

func (e *engine) owner(f map[string]string) string {
	value, _ := e.rdb.Get(context.Background(), e.keys.idempotency(f[fieldKey])).Result()
	owner, _, _ := strings.Cut(value, " ")
	return owner
}

// write writes a status, the mark, and fields of the record.
func (e *engine) write(id string, record map[string]string, kind string, fields ...string) {
	e.t.Helper()
	ctx := context.Background()
	_, err := e.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		all := append([]string{"kind", kind, "event_id", id, "at", "2026-11-28T15:49:08.123Z"}, fields...)
		p.XAdd(ctx, &redis.XAddArgs{Stream: e.keys.status(), Values: all})
		if record != nil {
			p.HSet(ctx, e.keys.event(id), record)
		}
		if kind == "rejected" {
			p.XAdd(ctx, &redis.XAddArgs{Stream: e.keys.dead(), Values: []string{
				"original_id", id, "reason_code", "unknown_queue", "code", "OTTO401", "reason", "there is no queue \"unknown\"",
			}})
		}
		if kind == "rejected" || kind == "duplicate" || kind == "accepted" {
			p.Set(ctx, e.keys.mark(), id, 0)
		}
		return nil
	})
	if err != nil {
		e.t.Error(err)
	}
}

// next is the seq of an event's next status.
func (e *engine) next(id string) string {
	seq, _ := e.rdb.HGet(context.Background(), e.keys.event(id), "seq").Int()
	return fmt.Sprint(seq + 1)
}

func (e *engine) accept(id string, f map[string]string) {
	ctx := context.Background()
	record := map[string]string{"hash": "h", "accepted_at": "2026-11-28T15:49:00.000Z", "seq": "1"}
	for name, value := range f {
		if isField[name] {
			name = metaPrefix + name
		}
		record[name] = value
	}
	if f[fieldKey] != "" {
		e.rdb.Set(ctx, e.keys.idempotency(f[fieldKey]), id+" h", 0)
	}
	e.write(id, record, "accepted", "seq", "1", "task_id", f["task_id"], "queue", "default")
}

// step writes the next state of a worker.
func (e *engine) step(id string, index int, state, reason, code string) {
	seq := e.next(id)
	slot := fmt.Sprintf("1 %s uid-%d node-1 %s %s 1756659803000", state, index, cmpOr(reason, "-"), cmpOr(code, "-"))
	e.write(id, map[string]string{"seq": seq, fmt.Sprintf("s%d", index): slot}, "worker", "seq", seq, "index", fmt.Sprint(index),
		"attempt", "1", "state", state, "reason", reason, "exit_code", code, "pod", fmt.Sprintf("pod-%d", index), "node", "node-1")
}

// finish ends an event: its first f["fail"] workers fail.
func (e *engine) finish(id string, f map[string]string) {
	var n, fail int
	_, _ = fmt.Sscan(f["pod_count"], &n)
	_, _ = fmt.Sscan(f["fail"], &fail)
	if f["type"] != typeScaleUp {
		kind := settledKinds[f["type"]]
		e.write(id, map[string]string{"settled": "2026-11-28T15:49:05.000Z", "seq": "2"}, kind, "seq", "2", "n_taken", "1")
		e.close(id, Counts{Cancelled: 1}, "")
		return
	}
	outcomes := ""
	for i := 1; i <= n; i++ {
		e.step(id, i, StateCreated, "", "")
	}
	seq := e.next(id)
	e.write(id, map[string]string{"settled": "2026-11-28T15:49:05.000Z", "seq": seq}, "settled", "seq", seq)
	for i := 1; i <= n; i++ {
		if i <= fail {
			e.step(id, i, StateFailed, "Error", "1")
			outcomes += " f:1:Error"
			continue
		}
		e.step(id, i, StateSucceeded, "Completed", "0")
		outcomes += " s"
	}
	e.close(id, Counts{Succeeded: n - min(n, fail), Failed: min(n, fail)}, strings.TrimSpace(outcomes))
}

func (e *engine) close(id string, c Counts, outcomes string) {
	seq := e.next(id)
	record, fields := map[string]string{"seq": seq, "closed": "2026-11-28T15:50:00.000Z"}, []string{"seq", seq}
	for name, n := range c.fields() {
		record[name] = fmt.Sprint(*n)
		fields = append(fields, name, fmt.Sprint(*n))
	}
	if outcomes != "" {
		record["outcomes"] = outcomes
	}
	e.write(id, record, "closed", fields...)
}
