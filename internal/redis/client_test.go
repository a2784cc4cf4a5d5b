package redis

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// effective are the go-redis options that correctness depends on.
type effective struct {
	Addr                       string
	DB, Protocol               int
	MaxRetries, DialerRetries  int
	Dial, Read, Write          time.Duration
	ContextTimeout, NoIdentity bool
	Pool, PipelinePool         int
	Dialer, Credentials        bool
	Notifications              maintnotifications.Mode
}

// TestOptionsSurvive: go-redis keeps the options, for a plain client and for a failover client.
func TestOptionsSurvive(t *testing.T) {
	want := effective{
		Addr: "redis:1", DB: 3, Protocol: 2, MaxRetries: 0, DialerRetries: 1, Dial: dialTimeout, Read: ioTimeout, Write: ioTimeout,
		ContextTimeout: true, NoIdentity: true, Pool: 4, PipelinePool: -1, Dialer: true, Credentials: true,
		Notifications: maintnotifications.ModeDisabled,
	}
	simple := optionsOf(t, Options{Addr: "redis:1", DB: 3})
	if diff := cmp.Diff(want, simple); diff != "" {
		t.Error(diff)
	}
	sentinel := optionsOf(t, Options{SentinelMaster: "m", SentinelAddrs: []string{"sentinel:1"}, DB: 3})
	want.Addr = "FailoverClient"
	if diff := cmp.Diff(want, sentinel); diff != "" {
		t.Error(diff)
	}
	u := Options{SentinelMaster: "m", SentinelAddrs: []string{"a:1", "b:2"}}.universal(nil, 1).Failover()
	if diff := cmp.Diff([]string{"m", "a:1", "b:2"}, append([]string{u.MasterName}, u.SentinelAddrs...)); diff != "" {
		t.Error(diff)
	}
}

func optionsOf(t *testing.T, o Options) effective {
	t.Helper()
	client := o.open(nil, 4)
	t.Cleanup(func() { _ = client.Close() })
	return effectiveOf(client.Options())
}

func effectiveOf(g *goredis.Options) effective {
	s := effective{
		Addr: g.Addr, DB: g.DB, Protocol: g.Protocol, MaxRetries: g.MaxRetries, DialerRetries: g.DialerRetries,
		Dial: g.DialTimeout, Read: g.ReadTimeout, Write: g.WriteTimeout, ContextTimeout: g.ContextTimeoutEnabled,
		NoIdentity: g.DisableIdentity, Pool: g.PoolSize, PipelinePool: g.PipelinePoolSize,
		Dialer: g.Dialer != nil, Credentials: g.CredentialsProviderContext != nil,
	}
	if g.MaintNotificationsConfig != nil {
		s.Notifications = g.MaintNotificationsConfig.Mode
	}
	return s
}

func TestReadPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	for content, want := range map[string]string{"a b\n": "a b", "a\r\n": "a", "a": "a", "a\nb\n": "a", "": ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readPassword(file); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", content, got, err, want)
		}
	}
}
