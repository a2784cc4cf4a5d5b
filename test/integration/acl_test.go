//go:build real

package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
)

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
				for w := range strings.FieldsSeq(command) {
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
