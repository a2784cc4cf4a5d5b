//go:build real

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

var redisFaults = []fault{
	{number: 5, name: "redis-down", ci: true, harm: judge.Fault{Redis: true}, run: redisDown},
	{number: 6, name: "redis-black-hole", harm: judge.Fault{Redis: true}, run: redisBlackHole},
	{number: 7, name: "replies-cut", harm: judge.Fault{Redis: true, Killed: true}, run: repliesCut},
	{number: 8, name: "replies-lost", ci: true, harm: judge.Fault{Redis: true, Killed: true}, run: repliesLost},
	{number: 9, name: "redis-killed", ci: true, harm: judge.Fault{Redis: true}, run: redisKilled},
	{number: 10, name: "group-destroyed", ci: true, harm: judge.Fault{Trimmed: true}, run: groupDestroyed},
	{number: 10, name: "group-set-back", ci: true, harm: judge.Fault{Killed: true}, run: groupSetBack},
	{number: 10, name: "flushed", ci: true, harm: judge.Fault{Redis: true, LostWrites: true}, run: flushed},
	{number: 10, name: "flushed-while-down", ci: true, harm: judge.Fault{Redis: true, LostWrites: true, Killed: true}, run: flushedWhileDown},
	{number: 11, name: "trimmed", ci: true, harm: judge.Fault{Trimmed: true, APIServer: true, Killed: true}, run: trimmed},
	{number: 12, name: "redis-refuses", redis: []string{"--key-load-delay", "1000"}, harm: judge.Fault{Redis: true}, run: redisRefuses},
	{number: 13, name: "wrong-password", harm: judge.Fault{Redis: true}, run: wrongPassword},
}

// redisDown: connections are refused, while producers still reach Redis.
func redisDown(c *scene) {
	link, down := c.link(), span(c, time.Minute, 10*time.Second)
	c.start()
	c.load.steady(4)
	c.lasts(2 * time.Second)
	link.Down()
	c.lasts(down)
	link.Up()
	c.heal()
	c.do("Redis refused connections for %v", down)
}

// redisBlackHole: what is sent vanishes, both ways, and nothing says so.
func redisBlackHole(c *scene) {
	link, gone := c.link(), span(c, time.Minute, 10*time.Second)
	c.start()
	c.load.steady(4)
	c.lasts(2 * time.Second)
	link.Spoil(`{"type":"timeout","stream":"upstream","name":"up","attributes":{"timeout":0}}`,
		`{"type":"timeout","stream":"downstream","name":"down","attributes":{"timeout":0}}`)
	c.lasts(gone)
	link.Heal()
	c.heal()
	c.do("all bytes between us and Redis vanished for %v", gone)
}

// perProcess: after so many broken terms a new process takes over, since a term's pause doubles up to ten seconds.
const perProcess = 6

// repliesCut: after any number of bytes the connection breaks; what was asked for is done all the same.
func repliesCut(c *scene) {
	replies, cuts := c.replies(), span(c, 200, 24)
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
	c.heal()
	c.do("%d times the connection broke within a reply, 0 to 600 bytes on", cuts)
}

// repliesLost: a transaction is done, and nobody hears of it.
func repliesLost(c *scene) {
	replies, losses := c.replies(), span(c, 60, 18)
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
	c.heal()
	c.do("%d replies of EXEC or XACK lost, each one of the next six", losses)
}

// redisKilled: SIGKILL of a Redis that writes every command to its disk, and a new start.
func redisKilled(c *scene) {
	kills := span(c, 10, 3)
	c.start()
	c.load.steady(4)
	for range kills {
		c.lasts(time.Duration(1000+c.random.IntN(2000)) * time.Millisecond)
		c.Server.Kill()
		c.lasts(time.Duration(c.random.IntN(1000)) * time.Millisecond)
		c.Server.Restart()
	}
	c.heal()
	c.do("Redis (appendonly, fsync always) killed and started again %d times", kills)
}

// redisRefuses: four ways in which Redis is there and says no.
func redisRefuses(c *scene) {
	each := span(c, 20*time.Second, 4*time.Second)
	c.start()
	c.load.steady(4)
	for _, way := range []struct {
		says       string
		spoil, fix func()
	}{
		{"READONLY", func() { c.redis("REPLICAOF", "127.0.0.1", "1") }, func() { c.redis("REPLICAOF", "NO", "ONE") }},
		{"OOM", func() { c.redis("CONFIG", "SET", "maxmemory", "1") }, func() { c.redis("CONFIG", "SET", "maxmemory", "0") }},
		{"MISCONF", c.cannotSave, c.canSave},
	} {
		way.spoil()
		c.until("Redis to say "+way.says, func() error { return c.refused(way.says) })
		c.lasts(each)
		way.fix()
		c.lasts(2 * time.Second)
		c.do("%s for %v", way.says, each)
	}
	c.loading()
	c.heal()
}

// redis sends any command.
func (c *scene) redis(args ...any) {
	c.t.Helper()
	if err := c.Redis.Do(c.t.Context(), args...).Err(); err != nil {
		c.t.Fatalf("%v: %v", args, err)
	}
}

func (c *scene) refused(code string) error {
	err := c.Redis.Set(c.t.Context(), "test", "x", 0).Err()
	if err == nil || !strings.HasPrefix(err.Error(), code) {
		return fmt.Errorf("it says %w", orNone(err))
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("nothing")
	}
	return err
}

// cannotSave puts a folder where the snapshot should go.
func (c *scene) cannotSave() {
	if err := os.MkdirAll(filepath.Join(c.Server.Dir, "dump.rdb", "full"), 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.redis("CONFIG", "SET", "save", "3600 100000")
	c.redis("BGSAVE", "SCHEDULE")
}

func (c *scene) canSave() {
	if err := os.RemoveAll(filepath.Join(c.Server.Dir, "dump.rdb")); err != nil {
		c.t.Fatal(err)
	}
	c.redis("CONFIG", "SET", "save", "")
}

// loading: Redis starts with much to load, a millisecond for each command.
func (c *scene) loading() {
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
	c.until("Redis to say LOADING", func() error { return c.refused("LOADING") })
	c.until("Redis to be loaded", func() error { return c.Redis.Ping(c.t.Context()).Err() })
	c.do("LOADING for %.0f s", time.Since(began).Seconds())
}

// wrongPassword: the password changes, and our file with it only later.
func wrongPassword(c *scene) {
	wrong := span(c, time.Minute, 10*time.Second)
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
	c.lasts(2 * time.Second)
	c.redis("ACL", "SETUSER", "otto", "resetpass", ">after")
	c.redis("CLIENT", "KILL", "USER", "otto")
	c.lasts(wrong)
	set("after")
	c.heal()
	c.do("Redis' password changed %v before ours", wrong)
}
