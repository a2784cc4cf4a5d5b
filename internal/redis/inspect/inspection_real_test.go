//go:build real

package inspect

import (
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func TestInspect(t *testing.T) {
	p := redistest.Connect(t, redistest.Start(t, "--appendonly", "yes").Addr)
	examine := func() Inspection {
		t.Helper()
		in, err := Inspect(t.Context(), p.Client, stream, group, us)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	in := examine()
	if in.Version == "" || in.Role != "master" || in.AOF != "1" || in.Eviction != "noeviction" || in.User != "default" || !in.Asked ||
		len(in.Denied) > 0 || in.Owner != "" || in.Grouped {
		t.Errorf("a fresh one: %+v", in)
	}
	begun(t, p)
	if in := examine(); !in.Ours || !strings.Contains(in.Owner, us.Namespace) || !in.Grouped {
		t.Errorf("after a term of ours: %+v", in)
	}
	p.Do(t, "SET", p.Keys.Owner(), strings.ReplaceAll(p.Raw.Get(t.Context(), p.Keys.Owner()).Val(), us.Namespace, "other"))
	if in := examine(); in.Ours || !strings.Contains(in.Owner, "other") {
		t.Errorf("after a term of another: %+v", in)
	}
	p.Do(t, "ACL", "SETUSER", "default", "-xack", "-hincrby")
	if in := examine(); !slices.Equal(in.Denied, []string{"HINCRBY", "XACK"}) {
		t.Errorf("denied: %v", in.Denied)
	}
	p.Do(t, "CONFIG", "SET", "appendonly", "no")
	p.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	p.Do(t, "ACL", "SETUSER", "default", "-acl")
	if in := examine(); in.AOF != "0" || in.Eviction != "allkeys-lru" || in.Asked {
		t.Errorf("changed: %+v", in)
	}
}
