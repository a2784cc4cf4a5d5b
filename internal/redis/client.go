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

// ReplyTimeout is how long the subpackages wait for a reply, besides the time that a command blocks.
const ReplyTimeout = 4 * time.Second

// Options say where Redis is and how to log in.
type Options struct {
	Addr string // host:port; the TLS certificate must be for this host

	Username     string
	Password     string
	PasswordFile string // takes precedence over Password; read for every new connection, so that a rotated one is used
	DB           int

	TLS      bool   // 1.2 or later, always verified
	CAFile   string // empty: the system's
	CertFile string // with KeyFile; read for every new connection
	KeyFile  string

	SentinelMaster string // not empty: the master of this name is found through SentinelAddrs, and Addr is not used
	SentinelAddrs  []string
}

// Client holds the connections to one Redis. A process has one and shares it among the subpackages.
type Client struct {
	commands *goredis.Client
	reads    *goredis.Client // one connection: a read that blocks for seconds never delays a command
	name     string          // which Redis; begins every error
	opts     Options
	secure   *tls.Config
}

// NewClient does not connect yet; it fails on files that cannot be read and options that contradict each other. The
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
		return nil, fmt.Errorf("redis: sentinel master %q without a sentinel address", o.SentinelMaster)
	}
	return newClient(o, secure), nil
}

func newClient(o Options, secure *tls.Config) *Client {
	return &Client{
		commands: o.open(secure, poolSize), reads: o.open(secure, 1), name: "redis " + o.where(), opts: o, secure: secure,
	}
}

// Fresh returns a Client of the same Redis that shares no connection with this one, nor the memory of a failed dial, which
// go-redis keeps for a second. Package records resolves lost replies with it. The caller closes it.
func (c *Client) Fresh() *Client { return newClient(c.opts, c.secure) }

// Commands is the pool for everything that does not block: the subpackages send their commands through it.
func (c *Client) Commands() *goredis.Client { return c.commands }

// Reads is the one connection that may block: package stream reads entries through it, and inspect.Reader.Follow status
// entries. Commands sent through it wait for the read in progress.
func (c *Client) Reads() *goredis.Client { return c.reads }

// Close ends all connections.
func (c *Client) Close() error {
	errReads := c.reads.Close()
	if err := c.commands.Close(); err != nil {
		return err
	}
	return errReads
}

// CLI is the redis-cli command for one key, ready to be pasted into a shell; package records puts it into OwnedError. How
// to reach Redis, and the password, is left to the reader.
func (c *Client) CLI(command, key string) string {
	database := ""
	if c.opts.DB != 0 {
		database = fmt.Sprintf("-n %d ", c.opts.DB)
	}
	return fmt.Sprintf("redis-cli %s%s '%s'", database, command, strings.ReplaceAll(key, "'", `'\''`))
}

func (o Options) where() string {
	if o.SentinelMaster != "" {
		return fmt.Sprintf("master %q of sentinel %s", o.SentinelMaster, strings.Join(o.SentinelAddrs, ","))
	}
	return o.Addr
}

// open returns a client that does not connect yet. A failover client has no maintenance notifications to turn off.
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
		Protocol:                   2, // no push messages: nothing here uses them
		MaxRetries:                 -1,
		DialerRetries:              1,
		DialTimeout:                dialTimeout,
		ReadTimeout:                ioTimeout,
		WriteTimeout:               ioTimeout,
		ContextTimeoutEnabled:      true,
		PoolSize:                   pool,
		PipelinePoolSize:           -1, // pipelines use the pool's connections
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

// readPassword returns the file's first line: editors and `echo` end it with a newline that is not part of it.
func readPassword(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("redis: reading the password file: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}
