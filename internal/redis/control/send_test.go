package control

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestSend: commands are on a stream of their own, in the order in which they were sent.
func TestSend(t *testing.T) {
	p := redistest.Mini(t)
	var want []goredis.XMessage
	for _, cmd := range []worker.Command{
		{Queue: "web", On: true, By: "kim", Reason: "etcd upgrade"}, {Queue: worker.AllQueues, By: "lee"},
	} {
		id, err := Send(t.Context(), p.Client, redistest.Stream, cmd)
		if err != nil {
			t.Fatal(err)
		}
		on := map[bool]string{true: "true", false: "false"}[cmd.On]
		want = append(want, goredis.XMessage{ID: id.String(), Values: map[string]any{"queue": cmd.Queue, "on": on, "by": cmd.By, "reason": cmd.Reason}})
	}
	got, err := p.Raw.XRange(t.Context(), p.Keys.Control(), "-", "+").Result()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if n := p.Raw.Exists(t.Context(), redistest.Stream).Val(); n != 0 {
		t.Error("something was sent to the source stream")
	}
}
