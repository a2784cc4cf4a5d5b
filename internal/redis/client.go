package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = 3 * time.Second
	ioTimeout   = 5 * time.Second
	poolSize    = 4
)

// Options say where Redis is and who we are to it.
type Options struct {
	Addr string // host:port; the host is also the name a TLS certificate must have

	Username     string
	Password     string
	PasswordFile string // wins over Password; read again for every new connection, so a rotated one is picked up
	DB           int

	TLS      bool   // 1.2 or later, always verified
	CAFile   string // empty: the system's
	CertFile string // with KeyFile, read again for every new connection
	KeyFile  string

	SentinelMaster string // not empty: the master of this name, found through SentinelAddrs; Addr is not used
	SentinelAddrs  []string
}

// Client holds the connections to one Redis, and what a process remembers from one term to the next of the one stream it
// reads there.
type Client struct {
	commands *goredis.Client
	reads    *goredis.Client // one connection: a read that blocks for seconds never makes a command wait
	name     string          // begins every error: which Redis
	db       int

	deliveries deliveries
}

// NewClient connects nothing yet; it fails on files that cannot be read and options that contradict each other. The
// caller closes the Client.
func NewClient(o Options) (*Client, error) {
	secure, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	if o.PasswordFile != "" {
		if _, err := readPassword(o.PasswordFile); err != nil {
			return nil, err
		}
	}
	if o.SentinelMaster != "" && len(o.SentinelAddrs) == 0 {
		return nil, fmt.Errorf("redis: sentinel master %q without the address of a sentinel", o.SentinelMaster)
	}
	return &Client{commands: o.open(secure, poolSize), reads: o.open(secure, 1), name: "redis " + o.where(), db: o.DB}, nil
}

// Close ends all connections.
func (c *Client) Close() error {
	errReads := c.reads.Close()
	if err := c.commands.Close(); err != nil {
		return err
	}
	return errReads
}

func (o Options) where() string {
	if o.SentinelMaster != "" {
		return fmt.Sprintf("master %q of sentinel %s", o.SentinelMaster, strings.Join(o.SentinelAddrs, ","))
	}
	return o.Addr
}

// open returns a client that connects to nothing yet. A sentinel's knows nothing of maintenance notifications, so nothing
// there must turn them off.
func (o Options) open(secure *tls.Config, pool int) *goredis.Client {
	u := o.universal(secure, pool)
	if o.SentinelMaster != "" {
		return goredis.NewFailoverClient(u.Failover())
	}
	return goredis.NewClient(u.Simple())
}

func (o Options) universal(secure *tls.Config, pool int) *goredis.UniversalOptions {
	addrs := []string{o.Addr}
	if o.SentinelMaster != "" {
		addrs = o.SentinelAddrs
	}
	return &goredis.UniversalOptions{
		Addrs:                      addrs,
		MasterName:                 o.SentinelMaster,
		DB:                         o.DB,
		CredentialsProviderContext: o.credentials,
		Dialer:                     dial(secure),
		Protocol:                   2, // no push messages: nothing here wants them
		MaxRetries:                 -1,
		DialerRetries:              1,
		DialTimeout:                dialTimeout,
		ReadTimeout:                ioTimeout,
		WriteTimeout:               ioTimeout,
		ContextTimeoutEnabled:      true,
		PoolSize:                   pool,
		PipelinePoolSize:           -1, // pipelines take the pool's connections
		DisableIdentity:            true,
		MaintNotificationsConfig:   &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// credentials is called for every new connection.
func (o Options) credentials(context.Context) (username, password string, err error) {
	if o.PasswordFile == "" {
		return o.Username, o.Password, nil
	}
	password, err = readPassword(o.PasswordFile)
	return o.Username, password, err
}

// readPassword takes the file's first line: editors and `echo` end it with a newline that is no part of it.
func readPassword(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("redis: reading the password file: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
