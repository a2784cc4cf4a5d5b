package cli

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
)

const keyPrefix = "{otto:scale:events}:"

// TestQueueCommands: what the commands about queues print and send.
func TestQueueCommands(t *testing.T) {
	server := miniredis.RunT(t)
	fillRedis(t, server.Addr())
	s := newShell(t, server.Addr())
	t.Setenv("USER", "kim")
	s.expect("get queues", 0, "NAME", "SHARE", "-web")
	s.expect("get queues -o json", 0, "[]")
	server.HSet(keyPrefix+"queues", "web", `{"weight":3,"waiting":4,"live":12}`, "default", `{"weight":1,"live":5,"limit":"capacity is used up"}`)
	s.expect("get queues", 0, "web", "4.0", "waiting", "capacity is used up", "-PAUSED BY")
	s.expect("get queues -o wide", 0, "PAUSED BY")
	s.expect("get queues -o yaml", 0, "weight: 3", "share: 4")
	s.expect("get queues -o xml", 2, "takes table, wide, json or yaml")
	server.HSet(keyPrefix+"pause", "*", `{"by":"kim","reason":"upgrade"}`)
	s.expect("get queues -o json", 0, `"state": "paused"`, `"reason": "upgrade"`)
	s.expect("explain a", 0, `All queues, paused by kim since an unknown time: "upgrade"`, "fix: ottoscaler resume")
	s.expect("pause --reason upgrade", 0, "all queues paused", "ottoscaler resume")
	s.expect("resume web", 0, "queue web resumed", "still paused: all queues, paused by kim")
	s.expect("pause web --by", 2)
	s.expect("pause web", 2, "say why")
	t.Setenv("USER", "")
	s.expect("resume web", 2, "say who you are")
	if sent, err := server.Stream(keyPrefix + "control"); err != nil || len(sent) != 2 {
		t.Errorf("%d commands were sent, want 2: %v, %v", len(sent), sent, err)
	}
}
