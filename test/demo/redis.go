package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	redisStartLimit = 20 * time.Second
	redisStopLimit  = 10 * time.Second

	loopback = "127.0.0.1"
)

// redisEndpoint is the address of the stack's Redis.
type redisEndpoint struct {
	Host string `json:"host"`
	Port string `json:"port"`
	Kind string `json:"kind"` // for people
}

func (r redisEndpoint) addr() string { return net.JoinHostPort(r.Host, r.Port) }

// client never retries: a repeated XADD would be a second event.
func (r redisEndpoint) client(password string) *goredis.Client {
	return goredis.NewClient(&goredis.Options{
		Addr: r.addr(), Password: password, MaxRetries: -1, DisableIdentity: true, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

func (s *stack) startRedis(ctx context.Context) error {
	began := time.Now()
	binary, err := exec.LookPath("redis-server")
	switch {
	case s.options.redis == "embedded" || err != nil && s.options.redis == "auto":
		err = s.startEmbeddedRedis(err != nil)
	case err != nil:
		return fmt.Errorf("--redis server: %w", err)
	default:
		err = s.startRedisServer(binary)
	}
	if err != nil {
		return err
	}
	if err := s.waitRedis(ctx); err != nil {
		return err
	}
	s.out.say("%s  %s on %s %s", s.out.bold("Redis     "), s.redis.Kind, s.redis.addr(), s.out.dim("· "+formatDuration(time.Since(began))))
	return nil
}

func (s *stack) startRedisServer(binary string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	data := s.dir + "/redis"
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("creating a folder for Redis: %w", err)
	}
	s.redis = redisEndpoint{Host: loopback, Port: port, Kind: "redis-server with an append-only file"}
	cmd := exec.Command(binary, "--bind", loopback, "--port", port, "--dir", data, "--appendonly", "yes", "--save", "")
	p, err := startProcess("redis-server", s.logs("redis-server.log"), cmd, nil, s.died)
	return s.supervise(p, err, redisStopLimit)
}

func (s *stack) startEmbeddedRedis(missing bool) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(net.JoinHostPort(loopback, "0")); err != nil {
		return fmt.Errorf("starting the embedded Redis: %w", err)
	}
	s.undo.add("stopping the embedded Redis", func() error { server.Close(); return nil })
	kind := "embedded miniredis, in memory"
	if missing {
		kind += " (no redis-server on the PATH)"
	}
	s.redis = redisEndpoint{Host: server.Host(), Port: server.Port(), Kind: kind}
	return nil
}

func (s *stack) waitRedis(ctx context.Context) error {
	client := s.redis.client("")
	defer func() { _ = client.Close() }()
	return waitFor(ctx, "Redis on "+s.redis.addr()+" to answer", redisStartLimit, func(ctx context.Context) error {
		return client.Ping(ctx).Err()
	})
}

// freePort returns a port that was free a moment ago.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
