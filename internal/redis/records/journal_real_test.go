//go:build real

package records

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestJournalOnRealRedis(t *testing.T) { testJournal(t, redistest.Real) }

// TestEmptiedDuringWrite: Redis is emptied between the lookup and the EXEC.
func TestEmptiedDuringWrite(t *testing.T) { conflict(t, redistest.Real(t), "FLUSHALL") }

// TestRefusedInMulti: the command that may not be queued is named, not the EXECABORT that follows.
func TestRefusedInMulti(t *testing.T) {
	p := redistest.Real(t)
	p.Do(t, "ACL", "SETUSER", "otto", "on", ">secret", "~*", "+@all", "-sadd")
	client, err := redis.NewClient(redis.Options{Addr: p.Addr, Username: "otto", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	j := New(client, options())
	begin(t, j)
	err = j.Commit(t.Context(), []worker.Write{worker.Accept{Event: sample, Hash: "h", At: at}})
	if err == nil || !strings.Contains(err.Error(), "SADD") || !strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	if got := p.Dump(t); len(got) != 0 {
		t.Errorf("half of it was written: %v", got)
	}
}
