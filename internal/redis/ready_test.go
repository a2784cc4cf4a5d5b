package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// fake is a server with one answer to PING and one to INFO; it refuses everything else.
func fake(t *testing.T, ping, info string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(conn, ping, info)
		}
	}()
	return listener.Addr().String()
}

func answer(conn net.Conn, ping, info string) {
	defer func() { _ = conn.Close() }()
	replies := map[string]string{"ping": ping, "info": info}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "*") || !lines.Scan() || !lines.Scan() { // how many, how long, the command
			continue
		}
		reply, known := replies[strings.ToLower(lines.Text())]
		if !known {
			reply = "-ERR unknown command"
		}
		_, _ = io.WriteString(conn, reply+"\r\n")
	}
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s", len(s), s) }

func ready(t *testing.T, o redis.Options, limit time.Duration) error {
	t.Helper()
	client, err := redis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return client.Ready(ctx)
}

func TestReadySaysWhatIsWrong(t *testing.T) {
	closed := "127.0.0.1:1"
	loading := fake(t, "-LOADING Redis is loading the dataset in memory", "")
	old := fake(t, "+PONG", bulk("# Server\r\nredis_version:6.2.19\r\nos:Linux\r\n"))
	broken := fake(t, "-ERR broken", "")
	cases := map[string]struct {
		addr string
		want string
	}{
		"refused":        {closed, "redis 127.0.0.1:1: connection refused"},
		"name not found": {"nowhere.invalid:6379", `redis nowhere.invalid:6379: host "nowhere.invalid" not found`},
		"loading":        {loading, "redis " + loading + ": still loading its data (LOADING)"},
		"too old":        {old, "redis " + old + ": version 6.2.19 is too old: 7.0 or later is needed"},
		"anything else":  {broken, "redis " + broken + ": ERR broken"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := ready(t, redis.Options{Addr: c.addr}, 3*time.Second); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestReadyWaits(t *testing.T) {
	good := fake(t, "+PONG", bulk("redis_version:7.0.15\r\n"))
	for name, info := range map[string]string{
		"version 7": good, "INFO forbidden": fake(t, "+PONG", "-NOPERM no"), "version 10": fake(t, "+PONG", bulk("redis_version:10.1\r\n")),
	} {
		if err := ready(t, redis.Options{Addr: info}, 5*time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPing(t *testing.T) {
	for name, c := range map[string]struct{ addr, want string }{
		"answers": {fake(t, "+PONG", ""), "<nil>"},
		"refused": {"127.0.0.1:1", "redis 127.0.0.1:1: connection refused"},
	} {
		client, err := redis.NewClient(redis.Options{Addr: c.addr})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(client.Ping(t.Context())); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		_ = client.Close()
	}
}

func TestNewClientRefuses(t *testing.T) {
	dir := t.TempDir()
	notPEM := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(notPEM, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	cases := map[string]struct {
		o    redis.Options
		want string
	}{
		"password file missing":  {redis.Options{PasswordFile: missing}, "password file"},
		"CA file missing":        {redis.Options{TLS: true, CAFile: missing}, "CA file"},
		"CA file without one":    {redis.Options{TLS: true, CAFile: notPEM}, "no PEM certificate"},
		"files without TLS":      {redis.Options{CAFile: notPEM}, "TLS is off"},
		"certificate alone":      {redis.Options{TLS: true, CertFile: notPEM}, "together"},
		"certificate unreadable": {redis.Options{TLS: true, CertFile: notPEM, KeyFile: notPEM}, "certificate and key"},
		"master without address": {redis.Options{SentinelMaster: "m"}, "sentinel"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := redis.NewClient(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}
