package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxQuoted bounds what of a value is quoted in an error.
const maxQuoted = 64

// RecordError says that a value in Redis cannot be decoded. Packages stream and records return it.
type RecordError struct {
	Key     string
	Field   string // empty: the key as a whole
	Problem string
}

func (e *RecordError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("key %q: %s", e.Key, e.Problem)
	}
	return fmt.Sprintf("key %q, field %q: %s", e.Key, text.Clip(e.Field, maxQuoted), e.Problem)
}

// Unwrap makes it a worker.ErrUnreadable.
func (e *RecordError) Unwrap() error { return worker.ErrUnreadable }

type versionError string

func (e versionError) Error() string {
	return fmt.Sprintf("version %s is too old: 7.0 or later is needed", text.Clip(string(e), 32))
}

// ReplyError is an error reply of Redis that go-redis did not decode: packages redis and stream read some replies
// themselves.
type ReplyError string

func (e ReplyError) Error() string { return text.Clip(string(e), 256) }

// RedisError marks it as an error reply, as go-redis marks its own.
func (ReplyError) RedisError() {}

// Wrap adds which Redis it was and what was being done (may be empty), and explains the most common failures in plain
// words. Every exported method of the subpackages wraps the errors of Redis once.
func (c *Client) Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if doing != "" {
		doing += ": "
	}
	if why := explain(err); why != "" {
		return &failure{text: c.name + ": " + doing + why, err: err}
	}
	return fmt.Errorf("%s: %s%w", c.name, doing, err)
}

// failure replaces the message of an error and keeps its chain.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// explain is empty where the error's own message is the best.
func explain(err error) string {
	switch {
	case Replied(err, "WRONGPASS"):
		return "wrong username or password (WRONGPASS)"
	case Replied(err, "NOAUTH"):
		return "password required, none set (NOAUTH)"
	case Replied(err, "LOADING"):
		return "still loading its data (LOADING)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the server closed the connection"
	case isTLS(err):
		return "TLS: " + tlsReason(err)
	case errors.Is(err, goredis.Nil): // no other missing value is returned as an error
		return "no sentinel knows this master"
	}
	return explainNetwork(err)
}

func explainNetwork(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var shaking *handshakeError
	switch {
	case errors.As(err, &shaking):
		return "TLS: no answer to the handshake (is TLS enabled on the server?)"
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("host %q not found", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return ""
}

// permanent reports whether waiting will not help.
func permanent(err error) bool {
	var version versionError
	return Replied(err, "WRONGPASS") || Replied(err, "NOAUTH") || Replied(err, "NOPERM") ||
		errors.As(err, &version) || isTLS(err)
}

func isTLS(err error) bool { return tlsReason(err) != "" }

func tlsReason(err error) string {
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &verify):
		return verify.Err.Error()
	case errors.As(err, &unknown):
		return unknown.Error()
	case errors.As(err, &header):
		return "the server does not use TLS"
	case errors.As(err, &remote) && remote.Op == "remote error": // how crypto/tls reports an alert
		return "refused by the server: " + remote.Err.Error()
	}
	return ""
}

// Replied reports whether Redis answered with that error code; all subpackages decide by it. go-redis has types for some
// codes that hide the code from errors.As, so the message decides.
func Replied(err error, code string) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), code+" ")
}

// IsReply reports whether the error is Redis' own reply, so that the connection is sound. Package inspect goes on without
// what an ACL forbids.
func IsReply(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && !errors.Is(err, goredis.Nil)
}

// IsUnavailable reports whether Redis replied that it cannot serve for now: it loads its data, or another server has become
// the master. Package records then tries again on a new connection.
func IsUnavailable(err error) bool {
	return slices.ContainsFunc([]string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}, func(code string) bool {
		return Replied(err, code)
	})
}

// IsMissing reports whether a stream that was asked about with XINFO does not exist; the subpackages take it as empty.
func IsMissing(err error) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), "ERR no such key")
}
