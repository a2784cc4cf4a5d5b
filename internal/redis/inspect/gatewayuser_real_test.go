//go:build real

package inspect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestGatewayUsers: of the users in deploy/redis/users.acl `gateway` may all that a gateway reads and writes nothing, and
// `gateway-write` what a producer or an operator sends, and no record.
func TestGatewayUsers(t *testing.T) {
	file, err := os.ReadFile("../../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	const password = "sesame"
	users := strings.ReplaceAll(string(file), "#"+strings.Repeat("0", 64), ">"+password)
	path := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t, "--aclfile", path)
	for _, user := range []string{"gateway", "gateway-write"} {
		t.Run(user, func(t *testing.T) {
			client, err := redis.NewClient(redis.Options{Addr: server.Addr, Username: user, Password: password})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			r := NewReader(client, redistest.Stream, redistest.Group)
			for what, err := range reads(t, r, client) {
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			for what, err := range writes(t, r, client) {
				if refused := redis.Replied(err, "NOPERM"); refused == (user == "gateway-write") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := client.Commands().HSet(t.Context(), redis.NewKeys(redistest.Stream).Event(event.ID{Ms: 1}), "a", "b").Err(); !redis.Replied(err, "NOPERM") {
				t.Errorf("a record was written: %v", err)
			}
		})
	}
}

func reads(t *testing.T, r *Reader, client *redis.Client) map[string]error {
	t.Helper()
	ctx, id := t.Context(), event.ID{Ms: 1}
	all := make(map[string]error)
	_, all["bounds"] = r.Bounds(ctx)
	_, all["after"] = r.After(ctx, id, 1)
	_, all["next"] = r.Next(ctx, id)
	_, all["open"] = r.OpenIDs(ctx)
	_, all["records"] = r.FindAll(ctx, []event.ID{id})
	_, _, all["history"] = r.HistoryWithin(ctx, id, 1)
	_, all["queues"] = r.Queues(ctx)
	_, all["paused"] = r.Paused(ctx)
	_, all["dead letters"] = r.DeadLettersBefore(ctx, event.ID{}, 1)
	_, all["dead letter"] = r.DeadLetter(ctx, id)
	_, all["survey"] = Survey(ctx, client, redistest.Stream, redistest.Group, records.Owner{})
	_, all["stats"] = ReadStats(ctx, client, redistest.Stream, redistest.Group)
	all["ping"] = client.Ping(ctx)
	return all
}

func writes(t *testing.T, r *Reader, client *redis.Client) map[string]error {
	t.Helper()
	all := make(map[string]error)
	_, all["add"] = r.Add(t.Context(), map[string]string{"type": "scale_up", "pod_count": "1"})
	_, all["command"] = control.Send(t.Context(), client, redistest.Stream, worker.Command{Queue: worker.AllQueues, By: "ann"})
	_, all["redrive"] = r.Redrive(t.Context(), "1-0", func(map[string]string) error { return nil })
	return all
}
