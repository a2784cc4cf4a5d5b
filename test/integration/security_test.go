//go:build real

package integration

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// aclRules are the rules of a user in deploy/redis/users.acl.
func aclRules(t *testing.T, user string) []any {
	t.Helper()
	b, err := os.ReadFile("../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if words := strings.Fields(line); len(words) > 4 && words[1] == user {
			var rules []any
			for _, w := range words[4:] { // after user, its name, on and the password
				rules = append(rules, w)
			}
			return rules
		}
	}
	t.Fatalf("users.acl has no user %s", user)
	return nil
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRotatedPassword changes the password under load, with the ACL of deploy/redis/users.acl. The file is reread, work
// continues, and Redis refuses nothing but the old password.
func TestRotatedPassword(t *testing.T) {
	s := harness.NewStack(t, cluster)
	acl := func(rules ...any) {
		if err := s.Redis.Do(t.Context(), append([]any{"ACL", "SETUSER", "ottoscaler"}, rules...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	acl("on", ">first")
	acl(aclRules(t, "ottoscaler")...)
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "first\n")
	s.Start("REDIS_USERNAME=ottoscaler", "REDIS_PASSWORD_FILE="+file, "OTTO_SUCCEEDED_TTL=0")

	before := burst(s)
	acl("resetpass", ">second")
	write(t, file, "second\n")
	if n, err := s.Redis.ClientKillByFilter(t.Context(), "USER", "ottoscaler").Result(); err != nil || n == 0 {
		t.Fatalf("%d connections ended, %v", n, err)
	}
	after := burst(s)
	s.WaitClosed(append(before, after...)...)
	log, err := s.Redis.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		if e.Reason != "auth" {
			t.Errorf("Redis refused %s: %s", e.Object, e.Reason)
		}
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.Verify(harness.WithFault(checker.Fault{Redis: true}))
}

// TestOperatorACL: whoever asks by our commands, as the user operator of deploy/redis/users.acl, is refused nothing.
func TestOperatorACL(t *testing.T) {
	s := harness.NewStack(t, cluster)
	rules := append([]any{"ACL", "SETUSER", "operator", "on", ">secret"}, aclRules(t, "operator")...)
	if err := s.Redis.Do(t.Context(), rules...).Err(); err != nil {
		t.Fatal(err)
	}
	s.Start("OTTO_SUCCEEDED_TTL=0")
	run := func(args ...string) string {
		cmd := s.Command("REDIS_USERNAME=operator", "REDIS_PASSWORD=secret")
		cmd.Args = append(cmd.Args, args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("ottoscaler %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	s.Add("type", "scale_sideways", "pod_count", 1)
	event := run("scale", "up", "2")
	run("get", "events")
	run("get", "workers", event)
	s.WaitClosed(event)
	run("get", "events", "--all")
	run("explain", event)
	run("dead", "list")
	again := run("dead", "redrive", s.Dead()[0]["entry"], "--set", "type=scale_up")
	s.WaitClosed(again)
	log, err := s.Redis.ACLLog(t.Context(), 100).Result()
	if err != nil || len(log) > 0 {
		t.Errorf("Redis refused: %+v, %v", log, err)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.Verify()
}

// TestClientACL: the users producer and consumer may send what clients send, and nothing that writes, reads or deletes more.
func TestClientACL(t *testing.T) {
	const status, record = "{otto:scale:events}:status", "{otto:scale:events}:event:1-0"
	reads := []string{
		"XRANGE " + status + " - +", "XREVRANGE " + status + " + - COUNT 1", "XREAD COUNT 1 STREAMS " + status + " 0", "XINFO STREAM " + status,
		"XREVRANGE {otto:scale:events}:dead + -", "HGETALL " + record, "GET {otto:scale:events}:mark", "GET {otto:scale:events}:key:k",
		"PING", "INFO server", "CLIENT SETNAME x",
	}
	groups := []string{
		"XGROUP CREATE " + status + " backend $", "XREADGROUP GROUP backend a COUNT 1 STREAMS " + status + " >", "XACK " + status + " backend 1-0",
		"XAUTOCLAIM " + status + " backend a 60000 0", "XCLAIM " + status + " backend a 0 1-0 JUSTID", "XPENDING " + status + " backend",
		"XINFO GROUPS " + status,
	}
	sends := []string{"XADD otto:scale:events * type scale_up pod_count 1"}
	never := []string{
		"DEL " + status, "XTRIM " + status + " MAXLEN 0", "XDEL " + status + " 1-0", "XADD " + status + " * kind closed", "HSET " + record + " a b",
		"DEL " + record, "SET {otto:scale:events}:mark 9-9", "XADD {otto:scale:events}:control * a b", "HGETALL {otto:scale:events}:clocks",
		"GET {otto:scale:events}:fence", "SMEMBERS {otto:scale:events}:open", "XTRIM otto:scale:events MAXLEN 0", "XRANGE otto:scale:events - +",
		"XGROUP DESTROY otto:scale:events ottoscaler", "XGROUP SETID " + status + " backend 0", "KEYS *", "SCAN 0", "FLUSHALL", "EVAL return 0", "CONFIG GET *",
		"CLIENT LIST", "ACL LIST", "PUBLISH a b",
	}
	for user, c := range map[string]struct{ may, mayNot []string }{
		"producer": {slices.Concat(sends, reads), slices.Concat(groups, never)},
		"consumer": {slices.Concat(reads, groups), slices.Concat(sends, never)},
	} {
		t.Run(user, func(t *testing.T) {
			server := redistest.Start(t)
			admin := goredis.NewClient(&goredis.Options{Addr: server.Addr, Protocol: 2})
			rules := append([]any{"ACL", "SETUSER", user, "on", ">secret"}, aclRules(t, user)...)
			setup := []error{
				admin.Do(t.Context(), rules...).Err(), admin.XAdd(t.Context(), &goredis.XAddArgs{Stream: status, Values: []any{"kind", "paused"}}).Err(),
			}
			c1 := goredis.NewClient(&goredis.Options{Addr: server.Addr, Username: user, Password: "secret", Protocol: 2, DisableIdentity: true, MaxRetries: -1})
			t.Cleanup(func() { _, _ = c1.Close(), admin.Close() })
			if err := errors.Join(setup...); err != nil {
				t.Fatal(err)
			}
			refused := func(command string) bool {
				var args []any
				for _, w := range strings.FieldsSeq(command) {
					args = append(args, w)
				}
				err := c1.Do(t.Context(), args...).Err()
				return err != nil && strings.HasPrefix(err.Error(), "NOPERM")
			}
			for _, command := range c.may {
				if refused(command) {
					t.Errorf("may not %s", command)
				}
			}
			for _, command := range c.mayNot {
				if !refused(command) {
					t.Errorf("may %s", command)
				}
			}
		})
	}
}

// TestKeyPrefix: in a Redis that others use, a user that may touch nothing without our prefix is refused nothing, and no other
// key appears.
func TestKeyPrefix(t *testing.T) {
	const stream = "app:{otto}:events"
	s := harness.NewUncheckedStack(t, cluster)
	rules := []any{"ACL", "SETUSER", "app", "on", ">secret"}
	for _, rule := range aclRules(t, "ottoscaler") {
		word := fmt.Sprint(rule)
		if !strings.HasPrefix(word, "%RW~") {
			rules = append(rules, word)
		}
	}
	if err := s.Redis.Do(t.Context(), append(rules, "~app:*")...).Err(); err != nil {
		t.Fatal(err)
	}
	s.Start("REDIS_USERNAME=app", "REDIS_PASSWORD=secret", "REDIS_STREAM="+stream, "OTTO_SUCCEEDED_TTL=0")
	add := &goredis.XAddArgs{Stream: stream, Values: []any{"type", "scale_up", "pod_count", 2, "idempotency_key", "k"}}
	event, err := s.Redis.XAdd(t.Context(), add).Result()
	if err != nil {
		t.Fatal(err)
	}
	s.Eventually("the event to close", func() error {
		entries := s.Entries(stream + ":status")
		if n := len(entries); n == 0 || entries[n-1]["kind"] != "closed" || entries[n-1]["event_id"] != event {
			return fmt.Errorf("the status stream has %v", entries)
		}
		return nil
	})
	for i, e := range s.Entries(stream + ":status") {
		if e["seq"] != fmt.Sprint(i+1) {
			t.Errorf("entry %d is %v", i+1, e)
		}
	}
	for _, key := range s.Redis.Keys(t.Context(), "*").Val() {
		if !strings.HasPrefix(key, "app:") {
			t.Errorf("key %s", key)
		}
	}
	log, err := s.Redis.ACLLog(t.Context(), 100).Result()
	if err != nil || len(log) > 0 {
		t.Errorf("Redis refused: %+v, %v", log, err)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func burst(s *harness.Stack) (events []string) {
	for i := range 10 {
		events = append(events, s.Add("type", "scale_up", "pod_count", 2, "task_id", fmt.Sprintf("task-%d", i)))
	}
	return events
}

// TestSentinelFailover kills the master during a burst. The product finds the replica that the sentinel promotes, and finishes
// what was accepted.
func TestSentinelFailover(t *testing.T) {
	s := harness.NewStack(t, cluster)
	_, port, err := net.SplitHostPort(s.Server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", port, "--appendonly", "yes")
	sentinelPort := redistest.FreePort(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	write(t, config, fmt.Sprintf(`bind 127.0.0.1
port %s
sentinel monitor otto 127.0.0.1 %s 1
sentinel down-after-milliseconds otto 1000
sentinel failover-timeout otto 5000
`, sentinelPort, port))
	sentinel := redistest.StartSentinel(t, sentinelPort, config)
	s.Eventually("the replica to be known", func() error { return knows(t, sentinel, replica) })
	s.Start("REDIS_SENTINEL_MASTER=otto", "REDIS_SENTINEL_ADDRS="+sentinel.Addr, "OTTO_SUCCEEDED_TTL=0")

	before := burst(s)
	s.Eventually("the replica to have it all", func() error { return sameLength(t, s.Redis, replica.Client()) })
	s.Server.Kill()
	s.Redis = replica.Client()
	s.Eventually("the replica to be the master", func() error {
		role, err := s.Redis.Do(t.Context(), "ROLE").Slice()
		if err != nil || role[0] != "master" {
			return fmt.Errorf("%v, %w", role, err)
		}
		return nil
	})
	after := burst(s)
	s.WaitClosed(append(before, after...)...)
	for _, event := range append(before, after...) {
		status := s.Status(event)
		if last := status[len(status)-1]; last["n_succeeded"] != "2" {
			t.Errorf("event %s: %v", event, last)
		}
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.Server.Restart() // the recording ends on the server where it began
	s.Eventually("the recording to continue", func() error {
		clients, err := s.Server.Client().ClientList(t.Context()).Result()
		if err == nil && !strings.Contains(clients, "cmd=monitor") {
			err = fmt.Errorf("the clients are %s", clients)
		}
		return err
	})
	s.Verify(harness.WithFault(checker.Fault{Redis: true, LostWrites: true}), func(in *checker.Input) { in.Redis = s.Redis.Options() })
}

func knows(t *testing.T, sentinel, replica *redistest.Server) error {
	t.Helper()
	client := goredis.NewSentinelClient(&goredis.Options{Addr: sentinel.Addr, DisableIdentity: true, Protocol: 2})
	defer func() { _ = client.Close() }()
	replicas, err := client.Replicas(t.Context(), "otto").Result()
	if err != nil {
		return err
	}
	for _, r := range replicas {
		if net.JoinHostPort(r["ip"], r["port"]) == replica.Addr && r["flags"] == "slave" && r["master-link-status"] == "ok" {
			return nil
		}
	}
	return fmt.Errorf("the sentinel knows %v", replicas)
}

// sameLength: the replica has the stream as far as the master.
func sameLength(t *testing.T, master, replica *goredis.Client) error {
	t.Helper()
	want, errMaster := master.XLen(t.Context(), harness.Stream).Result()
	got, err := replica.XLen(t.Context(), harness.Stream).Result()
	if err != nil || errMaster != nil || got != want {
		return fmt.Errorf("%d of %d entries, %w, %w", got, want, err, errMaster)
	}
	return nil
}
