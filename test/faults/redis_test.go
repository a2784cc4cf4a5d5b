//go:build real

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var redisFaults = []fault{
	{number: 5, name: "redis-down", ci: true, injected: checker.Fault{Redis: true}, run: redisDown},
	{number: 6, name: "redis-black-hole", injected: checker.Fault{Redis: true}, run: redisBlackHole},
	{number: 7, name: "replies-cut", injected: checker.Fault{Redis: true, Killed: true}, run: repliesCut},
	{number: 8, name: "replies-lost", ci: true, injected: checker.Fault{Redis: true, Killed: true}, run: repliesLost},
	{number: 9, name: "redis-killed", ci: true, injected: checker.Fault{Redis: true}, run: redisKilled},
	{number: 10, name: "group-destroyed", ci: true, injected: checker.Fault{Trimmed: true}, run: groupDestroyed},
	{number: 10, name: "group-set-back", ci: true, injected: checker.Fault{Killed: true}, run: groupSetBack},
	{number: 10, name: "flushed", ci: true, injected: checker.Fault{Redis: true, LostWrites: true}, run: flushed},
	{
		number: 10, name: "flushed-while-down", ci: true, run: flushedWhileDown,
		injected: checker.Fault{Redis: true, LostWrites: true, Killed: true},
	},
	{number: 11, name: "trimmed", ci: true, injected: checker.Fault{Trimmed: true, APIServer: true, Killed: true}, run: trimmed},
	{number: 12, name: "redis-refuses", redis: []string{"--key-load-delay", "1000"}, injected: checker.Fault{Redis: true}, run: redisRefuses},
	{number: 13, name: "wrong-password", injected: checker.Fault{Redis: true}, run: wrongPassword},
}

// redisDown: connections are refused, while producers still reach Redis.
func redisDown(c *scenario) {
	proxy, down := c.redisProxy(), sized(c, time.Minute, 10*time.Second)
	c.start()
	c.load.steady(4)
	c.wait(2 * time.Second)
	proxy.Down()
	c.wait(down)
	proxy.Up()
	c.endFault()
	c.describe("Redis refused connections for %v", down)
}

// redisBlackHole: packets are dropped in both directions while connections stay open.
func redisBlackHole(c *scenario) {
	proxy, gone := c.redisProxy(), sized(c, time.Minute, 10*time.Second)
	c.start()
	c.load.steady(4)
	c.wait(2 * time.Second)
	proxy.AddToxics(`{"type":"timeout","stream":"upstream","name":"up","attributes":{"timeout":0}}`,
		`{"type":"timeout","stream":"downstream","name":"down","attributes":{"timeout":0}}`)
	c.wait(gone)
	proxy.ResetToxics()
	c.endFault()
	c.describe("all bytes between the product and Redis dropped for %v", gone)
}

// perProcess is how many broken terms a process gets before it is replaced, since the backoff between terms doubles up to 10 s.
const perProcess = 6

// repliesCut: the connection breaks after any number of bytes of a reply; the command was executed.
func repliesCut(c *scenario) {
	replies, cuts := c.replyProxy(), sized(c, 200, 24)
	c.load.steady(3)
	p := c.start()
	for n := range cuts {
		if n%perProcess == perProcess-1 {
			p.kill()
			p = c.start()
		}
		left := c.random.IntN(600)
		replies.BreakOnce(func(_ string, reply []byte) int {
			if left -= len(reply); left > 0 {
				return -1
			}
			return len(reply) + left
		})
	}
	c.endFault()
	c.describe("%d times the connection broke within a reply, 0 to 600 bytes on", cuts)
}

// repliesLost: a transaction is executed and its reply is lost.
func repliesLost(c *scenario) {
	replies, losses := c.replyProxy(), sized(c, 60, 18)
	c.load.steady(3)
	p := c.start()
	for n := range losses {
		if n%perProcess == perProcess-1 {
			p.kill()
			p = c.start()
		}
		skip := c.random.IntN(6)
		replies.BreakOnce(func(command string, _ []byte) int {
			if command != "EXEC" && command != "XACK" {
				return -1
			}
			skip--
			if skip >= 0 {
				return -1
			}
			return 0
		})
	}
	c.endFault()
	c.describe("%d replies of EXEC or XACK lost, each one of the next six", losses)
}

// redisKilled: Redis, which syncs every command to disk, gets SIGKILL and is restarted.
func redisKilled(c *scenario) {
	kills := sized(c, 10, 3)
	c.start()
	c.load.steady(4)
	for range kills {
		c.wait(time.Duration(1000+c.random.IntN(2000)) * time.Millisecond)
		c.Server.Kill()
		c.wait(time.Duration(c.random.IntN(1000)) * time.Millisecond)
		c.Server.Restart()
	}
	c.endFault()
	c.describe("Redis (appendonly, fsync always) killed and started again %d times", kills)
}

// redisRefuses: Redis answers with each of four errors.
func redisRefuses(c *scenario) {
	each := sized(c, 20*time.Second, 4*time.Second)
	c.start()
	c.load.steady(4)
	for _, way := range []struct {
		code     string
		set, fix func()
	}{
		{"READONLY", func() { c.redis("REPLICAOF", "127.0.0.1", "1") }, func() { c.redis("REPLICAOF", "NO", "ONE") }},
		{"OOM", func() { c.redis("CONFIG", "SET", "maxmemory", "1") }, func() { c.redis("CONFIG", "SET", "maxmemory", "0") }},
		{"MISCONF", c.cannotSave, c.canSave},
	} {
		way.set()
		c.Eventually("Redis to answer "+way.code, func() error { return c.refused(way.code) })
		c.wait(each)
		way.fix()
		c.wait(2 * time.Second)
		c.describe("%s for %v", way.code, each)
	}
	c.loading()
	c.endFault()
}

// redis sends any command.
func (c *scenario) redis(args ...any) {
	c.t.Helper()
	if err := c.Redis.Do(c.t.Context(), args...).Err(); err != nil {
		c.t.Fatalf("%v: %v", args, err)
	}
}

func (c *scenario) refused(code string) error {
	err := c.Redis.Set(c.t.Context(), "test", "x", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), code) {
		return fmt.Errorf("Redis answered: %w", orNone(err))
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("no error")
	}
	return err
}

// cannotSave makes the path of the snapshot a directory.
func (c *scenario) cannotSave() {
	if err := os.MkdirAll(filepath.Join(c.Server.Dir, "dump.rdb", "full"), 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.redis("CONFIG", "SET", "save", "3600 100000")
	c.redis("BGSAVE", "SCHEDULE")
}

func (c *scenario) canSave() {
	if err := os.RemoveAll(filepath.Join(c.Server.Dir, "dump.rdb")); err != nil {
		c.t.Fatal(err)
	}
	c.redis("CONFIG", "SET", "save", "")
}

// loading: Redis restarts with much to load, a millisecond for each command.
func (c *scenario) loading() {
	commands, err := c.Redis.Pipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		for n := range 5000 {
			p.Set(c.t.Context(), fmt.Sprintf("filler:%d", n), "x", 0)
		}
		return nil
	})
	if err != nil {
		c.t.Fatalf("%d fillers: %v", len(commands), err)
	}
	c.Server.Kill()
	c.Server.Restart()
	began := time.Now()
	c.Eventually("Redis to answer LOADING", func() error { return c.refused("LOADING") })
	c.Eventually("Redis to be loaded", func() error { return c.Redis.Ping(c.t.Context()).Err() })
	c.describe("LOADING for %.0f s", time.Since(began).Seconds())
}

// wrongPassword: the password changes, and the product's password file only later.
func wrongPassword(c *scenario) {
	wrong := sized(c, time.Minute, 10*time.Second)
	file := filepath.Join(c.t.TempDir(), "password")
	set := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	set("before")
	c.redis("ACL", "SETUSER", "otto", "on", ">before", "~*", "&*", "+@all")
	c.start("REDIS_USERNAME=otto", "REDIS_PASSWORD_FILE="+file)
	c.load.steady(4)
	c.wait(2 * time.Second)
	c.redis("ACL", "SETUSER", "otto", "resetpass", ">after")
	c.redis("CLIENT", "KILL", "USER", "otto")
	c.wait(wrong)
	set("after")
	c.endFault()
	c.describe("the password in Redis changed %v before the product's file", wrong)
}
