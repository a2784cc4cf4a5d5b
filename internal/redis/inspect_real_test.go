//go:build real

package redis

import (
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func TestInspect(t *testing.T) {
	p := newPlace(t, redistest.Start(t, "--appendonly", "yes").Addr)
	look := func() Inspection {
		t.Helper()
		in, err := p.client.Inspect(t.Context(), stream, group, us)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	in := look()
	if in.Version == "" || in.Role != "master" || in.AOF != "1" || in.Eviction != "noeviction" || in.User != "default" || !in.Asked ||
		len(in.Denied) > 0 || in.Owner != "" || in.Grouped {
		t.Errorf("a fresh one: %+v", in)
	}
	p.begun(t)
	if in := look(); !in.Ours || !strings.Contains(in.Owner, us.Namespace) || !in.Grouped {
		t.Errorf("after a term of ours: %+v", in)
	}
	p.do(t, "SET", keysOf.Owner(), strings.ReplaceAll(p.raw.Get(t.Context(), keysOf.Owner()).Val(), us.Namespace, "other"))
	if in := look(); in.Ours || !strings.Contains(in.Owner, "other") {
		t.Errorf("after a term of another: %+v", in)
	}
	p.do(t, "ACL", "SETUSER", "default", "-xack", "-hincrby")
	if in := look(); !slices.Equal(in.Denied, []string{"HINCRBY", "XACK"}) {
		t.Errorf("denied: %v", in.Denied)
	}
	p.do(t, "CONFIG", "SET", "appendonly", "no")
	p.do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	p.do(t, "ACL", "SETUSER", "default", "-acl")
	if in := look(); in.AOF != "0" || in.Eviction != "allkeys-lru" || in.Asked {
		t.Errorf("changed: %+v", in)
	}
}
