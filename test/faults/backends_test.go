//go:build real

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var backendFaults = []fault{
	{number: 53, name: "backends", ci: true, injected: checker.Fault{Killed: true}, run: backends},
}

// backend is a replica of a backend that uses the TypeScript client.
type backend struct {
	c    *scenario
	env  []string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// backends: two replicas of a backend send work and record what becomes of it, while they, their link to Redis and the leader
// fail at random. Each job is accepted once, and each outcome is recorded once.
func backends(c *scenario) {
	jobs := sized(c, 10_000, 400)
	database := redistest.Start(c.t).Client()
	for job := range jobs {
		if err := database.RPush(c.t.Context(), "jobs", fmt.Sprintf("job-%d", job)).Err(); err != nil {
			c.t.Fatal(err)
		}
	}
	link := c.shakyLink()
	replicas := []*backend{c.backend(database, link, "a", "ioredis"), c.backend(database, link, "b", "node-redis")}
	defer func() {
		for _, b := range replicas {
			b.kill()
		}
	}()
	p := c.launch()
	kills, cuts, leaders := 0, 0, 0
	for c.recorded(database) < jobs*9/10 {
		switch c.random.IntN(4) {
		case 0, 1:
			b := replicas[c.random.IntN(len(replicas))]
			b.kill()
			b.start()
			kills++
		case 2:
			link.Switch(c.Server.Addr)
			cuts++
		case 3:
			p.kill()
			p = c.launch()
			leaders++
		}
		c.wait(time.Duration(200+c.random.IntN(2000)) * time.Millisecond)
	}
	link.Pass()
	c.endFault()
	c.limit += time.Minute // thousands of ended Pods wait for their deletion, which every new leader began anew
	c.Eventually("each outcome to be recorded", func() error {
		if n := c.recorded(database); n < jobs {
			return fmt.Errorf("%d of %d", n, jobs)
		}
		return nil
	})
	again := c.checkBackends(database, jobs)
	c.describe("%d jobs of two backends with the TypeScript client, %d SIGKILLs of a backend, %d cuts of their links, of each tenth XADD the "+
		"reply lost or cut, %d SIGKILLs of the leader: each job accepted once, each outcome recorded once, %d handled again after a kill",
		jobs, kills, cuts, leaders, again)
}

// shakyLink is a proxy that loses one in ten replies to XADD, or cuts them.
func (c *scenario) shakyLink() *redistest.Proxy {
	link, n := redistest.NewProxy(c.t, c.Server.Addr), 0
	link.Replies(func(command string, reply []byte) redistest.Reply {
		if command != "XADD" {
			return redistest.Reply{}
		}
		n++
		return redistest.Reply{Break: n%10 == 0, Keep: n / 10 % (len(reply) + 1)}
	})
	return link
}

func (c *scenario) backend(database *goredis.Client, link *redistest.Proxy, name, driver string) *backend {
	b := &backend{c: c, log: filepath.Join(c.logs, "backend-"+name+".log"), env: []string{
		"PATH=" + os.Getenv("PATH"), "CLIENT=" + harness.TypeScriptClient(c.t), "OTTO_REDIS=" + link.Addr, "DATABASE=" + database.Options().Addr,
		"NAME=" + name, "DRIVER=" + driver,
	}}
	b.start()
	return b
}

func (b *backend) start() {
	b.c.t.Helper()
	log, err := os.OpenFile(b.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	b.cmd, b.done = exec.Command("node", "testdata/backend.mjs"), make(chan struct{})
	b.cmd.Env, b.cmd.Stdout, b.cmd.Stderr = b.env, log, log
	if err := b.cmd.Start(); err != nil {
		b.c.t.Fatal(err)
	}
	cmd, done := b.cmd, b.done
	go func() { _ = cmd.Wait(); close(done) }()
}

func (b *backend) kill() {
	_ = b.cmd.Process.Kill()
	<-b.done
}

func (c *scenario) recorded(database *goredis.Client) int {
	n, err := database.HLen(c.t.Context(), "outcomes").Result()
	if err != nil {
		c.t.Fatal(err)
	}
	return int(n)
}

// checkBackends holds what the backends recorded against the status stream, and returns how many outcomes were handled more
// than once: a kill came between the record and its acknowledgement.
func (c *scenario) checkBackends(database *goredis.Client, jobs int) (again int) {
	ctx := c.t.Context()
	for _, problem := range database.LRange(ctx, "problems", 0, 20).Val() {
		c.errorf("a backend reports: %s", problem)
	}
	accepted, outcomes := map[string]int{}, database.HGetAll(ctx, "outcomes").Val()
	for _, e := range c.status() {
		switch {
		case e["kind"] == "accepted":
			accepted[e["task_id"]]++
		case e["kind"] == "duplicate":
			c.load.maybe[e["event_id"]] = true // sent again, and no event
		case isOutcome(e["state"]):
			if got := outcomes[e["event_id"]+"/"+e["index"]]; got != e["state"] {
				c.errorf("%s is %s, and recorded as %q", e["worker"], e["state"], got)
			}
		}
	}
	for job, n := range accepted {
		if n != 1 {
			c.errorf("%s was accepted %d times", job, n)
		}
	}
	if len(accepted) != jobs || len(outcomes) != jobs {
		c.errorf("%d jobs accepted and %d outcomes recorded, of %d", len(accepted), len(outcomes), jobs)
	}
	for _, times := range database.HGetAll(ctx, "handled").Val() {
		if n, err := strconv.Atoi(times); err != nil || n > 1 {
			again++
		}
	}
	return again
}
