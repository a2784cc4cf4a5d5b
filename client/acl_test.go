package client

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// asUser is a Client that may do what deploy/redis/users.acl says of the user.
func asUser(t *testing.T, addr, user string) *Client {
	t.Helper()
	data, err := os.ReadFile("../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	var rules []any
	for line := range strings.Lines(string(data)) {
		if words := splitRules(line); len(words) > 2 && words[1] == user {
			for _, word := range words[2:] {
				if !strings.HasPrefix(word, "#") { // the hash of a password
					rules = append(rules, word)
				}
			}
		}
	}
	if len(rules) == 0 {
		t.Fatal("users.acl has no user", user)
	}
	rules = append([]any{"ACL", "SETUSER", user, ">secret"}, rules...)
	if err := connectTo(t, addr).Do(t.Context(), rules...).Err(); err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: addr, Username: user, Password: "secret"})
	t.Cleanup(func() { _ = rdb.Close() })
	c := New(rdb, Options{})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// splitRules splits at spaces, but not within a selector's parentheses.
func splitRules(line string) []string {
	var words []string
	for word := range strings.FieldsSeq(line) {
		if n := len(words); n > 0 && strings.HasPrefix(words[n-1], "(") && !strings.HasSuffix(words[n-1], ")") {
			words[n-1] += " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}

// TestUsers: what the two users of clients may do is enough.
func TestUsers(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.start()
	producer, consumer := asUser(t, addr, "producer"), asUser(t, addr, "consumer")
	run := mustRun(t, producer, Request{PodCount: 2})
	if result, err := run.Wait(t.Context()); err != nil || !result.OK {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := producer.Run(t.Context(), Request{PodCount: 1, Queue: "unknown"}); !isRejected(err) {
		t.Error(err)
	}
	attached, err := consumer.Attach(t.Context(), run.EventID())
	if err != nil {
		t.Fatal(err)
	}
	if result, err := attached.Wait(t.Context()); err != nil || !result.OK {
		t.Errorf("%+v, %v", result, err)
	}
	// What the trimmed stream cannot say is in the mark, the dead letters and the keys.
	e.rdb.Del(t.Context(), e.keys.event(run.EventID()))
	if attached, err = producer.Attach(t.Context(), run.EventID()); err != nil {
		t.Fatal(err)
	}
	if _, err := attached.Wait(t.Context()); err != ErrExpired { //nolint:errorlint // it is bare
		t.Error(err)
	}
	if got := follow1(t, consumer, FromStart, 3, nil); len(got) != 3 {
		t.Error(got)
	}
	l := newLedger()
	r := startReplica(t, consumer, ConsumeOptions{}, func(_ context.Context, s Status) error { l.note(&s); return nil })
	l.wait(t, 2)
	e.pending(t, 0)
	r.stop(t)
}

// TestCluster: one node of a cluster, through go-redis's client for clusters.
func TestCluster(t *testing.T) {
	addr := startRedis(t, "--cluster-enabled", "yes")
	admin := connectTo(t, addr)
	if err := admin.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", "0", "16383").Err(); err != nil {
		t.Fatal(err)
	}
	for info := ""; !strings.Contains(info, "cluster_state:ok"); {
		info = admin.ClusterInfo(t.Context()).Val()
	}
	newEngine(t, addr).start()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}})
	t.Cleanup(func() { _ = rdb.Close() })
	c := New(rdb, Options{})
	t.Cleanup(func() { _ = c.Close() })
	if result, err := mustRun(t, c, Request{PodCount: 2}).Wait(t.Context()); err != nil || !result.OK {
		t.Errorf("%+v, %v", result, err)
	}
}
