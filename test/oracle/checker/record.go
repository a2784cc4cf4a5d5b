package checker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

const (
	redialPause = 20 * time.Millisecond
	drainLimit  = 10 * time.Second
)

// Record writes Redis' MONITOR to the file until ctx ends; addr is host:port or a redis:// URL. When the connection breaks it
// reconnects and writes the time between as a gap. At the end it waits until every command executed before ctx ended has
// arrived, and writes the last line. The file's first line appears once nothing is missed any more.
func Record(ctx context.Context, addr, file string) error {
	options, err := parseAddr(addr)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	r := recorder{options: options, out: bufio.NewWriter(f), token: fmt.Sprintf("oracle-end-%d", time.Now().UnixNano())}
	return errors.Join(r.run(ctx), r.out.Flush(), f.Close())
}

func parseAddr(addr string) (*redis.Options, error) {
	if strings.Contains(addr, "://") {
		return redis.ParseURL(addr)
	}
	return &redis.Options{Addr: addr}, nil
}

type recorder struct {
	options *redis.Options
	out     *bufio.Writer
	token   string    // echoed by the last command
	last    time.Time // time of the last line; zero: none arrived yet
	began   bool
}

func (r *recorder) run(ctx context.Context) error {
	for {
		done, err := r.recordConnection(ctx)
		if done || err != nil && ctx.Err() != nil {
			return err
		}
		if !poll.Sleep(ctx, redialPause) {
			return fmt.Errorf("MONITOR disconnected when the recording ended: %w", err)
		}
	}
}

// recordConnection records one connection, and reports whether the recording ended in order with it.
func (r *recorder) recordConnection(ctx context.Context) (done bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.options.Addr)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 1<<20)
	if err := r.startMonitor(conn, in); err != nil {
		return false, err
	}
	if err := r.writeBegin(); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { r.sendEndToken(conn) })
	defer stop()
	return r.copy(in)
}

func (r *recorder) startMonitor(conn net.Conn, in *bufio.Reader) error {
	commands, replies := "MONITOR\r\n", 1
	if r.options.Password != "" {
		user := r.options.Username
		if user == "" {
			user = "default"
		}
		password := r.options.Password
		auth := fmt.Sprintf("*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(user), user, len(password), password)
		commands, replies = auth+commands, 2
	}
	if _, err := conn.Write([]byte(commands)); err != nil {
		return err
	}
	for range replies {
		if line, err := in.ReadString('\n'); err != nil || line != "+OK\r\n" {
			return fmt.Errorf("MONITOR: reply %q: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

// writeBegin writes from when nothing is missing, or the gap before.
func (r *recorder) writeBegin() error {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	line := beginPrefix + now
	if r.began {
		line = gapPrefix + r.last.Format(time.RFC3339Nano) + " " + now
	}
	r.began = true
	if r.last.IsZero() {
		r.last = time.Now().UTC()
	}
	return r.write(line)
}

func (r *recorder) write(line string) error {
	if _, err := r.out.WriteString(line + "\n"); err != nil {
		return err
	}
	return r.out.Flush()
}

// sendEndToken sends, over another connection, the command that this connection waits for as its last.
func (r *recorder) sendEndToken(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(drainLimit))
	options := *r.options
	options.Protocol, options.DisableIdentity = 2, true
	client := redis.NewClient(&options)
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if client.Echo(ctx, r.token).Err() != nil {
		_ = conn.SetReadDeadline(time.Now()) // Redis is unreachable: nothing more arrives
	}
}

func (r *recorder) copy(in *bufio.Reader) (done bool, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false, err
		}
		line = strings.TrimRight(strings.TrimPrefix(line, "+"), "\r\n")
		if strings.Contains(line, r.token) {
			return true, r.write(endPrefix + time.Now().UTC().Format(time.RFC3339Nano))
		}
		stamp, _, _ := strings.Cut(line, " ")
		if at, err := parseStamp(stamp); err == nil {
			r.last = at
		}
		if _, err := r.out.WriteString(line + "\n"); err != nil {
			return false, err
		}
		if in.Buffered() == 0 {
			if err := r.out.Flush(); err != nil {
				return false, err
			}
		}
	}
}
