//go:build real

package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/poll"
)

// hear is how long an outcome takes from XADD on the status stream into a handler of the TypeScript client, beside a bare XREAD in
// another process at the same time.
func hear(b *bench) {
	n := sized(3000, 500)
	for _, mode := range []string{"follow", "consume"} {
		server := redistest.Start(b.T)
		bare, client := b.listener(server.Addr, "bare", n), b.listener(server.Addr, mode, n)
		b.outcomes(server.Client(), n)
		floor, product := bare.took(b), client.took(b)
		for _, p := range []float64{0.5, 0.99} {
			over, demand, judged := product.quantile(p)-floor.quantile(p), "", ""
			if p > 0.9 {
				demand, judged = "≤ a bare XREAD + 5 ms", verdict(over <= 5)
			}
			b.result.add(line{
				Figure: fmt.Sprintf("outcome on the status stream → handler of %s(), p%.0f of %d, 200 a second", mode, p*100, n), Demand: demand,
				Floor: fmt.Sprintf("%.2f ms", floor.quantile(p)), Product: fmt.Sprintf("%.2f ms", product.quantile(p)),
				Ratio: fmt.Sprintf("%+.2f ms", over), Verdict: judged,
			})
		}
	}
}

// outcomes sends n of them, evenly.
func (b *bench) outcomes(redis *goredis.Client, n int) {
	b.Helper()
	for i := range n {
		now := time.Now()
		err := redis.XAdd(b.Context(), &goredis.XAddArgs{Stream: harness.StatusKey, Values: []any{
			"kind", "worker", "event_id", fmt.Sprintf("%d-0", now.UnixMilli()), "seq", 1, "index", i + 1, "attempt", 1, "state", "succeeded",
			"reason", "Completed", "exit_code", 0, "at", now.UTC().Format("2006-01-02T15:04:05.000Z"), "sent", now.UnixMicro(),
		}}).Err()
		if err != nil {
			b.Fatal(err)
		}
		poll.Sleep(b.Context(), 5*time.Millisecond-time.Since(now))
	}
}

// listener is a process that hears.
type listener struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

// listener starts one and waits until it listens.
func (b *bench) listener(addr, mode string, n int) *listener {
	b.Helper()
	l := &listener{cmd: exec.CommandContext(b.Context(), "node", "testdata/hear.mjs")}
	l.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CLIENT=" + harness.TypeScriptClient(b.T), "REDIS=" + addr, "MODE=" + mode, "N=" + strconv.Itoa(n)}
	l.cmd.Stdout = &l.out
	stderr, err := l.cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() || lines.Text() != "ready" {
		b.Fatalf("%s: %q, %v", mode, lines.Text(), lines.Err())
	}
	return l
}

// took waits for its end and returns what it measured, in ms.
func (l *listener) took(b *bench) sample {
	b.Helper()
	if err := l.cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, l.out.String())
	}
	var micros []float64
	if err := json.Unmarshal(l.out.Bytes(), &micros); err != nil {
		b.Fatalf("%v: %s", err, l.out.String())
	}
	var all sample
	for _, m := range micros {
		all = append(all, m/1000)
	}
	return all
}
