//go:build real

package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
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
