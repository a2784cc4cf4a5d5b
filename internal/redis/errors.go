package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// RecordError is a value in Redis that cannot be read as what it should be. Everything else goes on without it.
type RecordError struct {
	Key     string
	Field   string // empty: the key as a whole
	Problem string
}

func (e *RecordError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("key %q: %s", e.Key, e.Problem)
	}
	return fmt.Sprintf("key %q, field %q: %s", e.Key, clip(e.Field, 64), e.Problem)
}

// Unwrap tells the domain what it is.
func (e *RecordError) Unwrap() error { return worker.ErrUnreadable }

type versionError string

func (e versionError) Error() string {
	return fmt.Sprintf("version %s is too old: 7.0 or later is needed", clip(string(e), 32))
}

// wrap says which Redis, what was being done (may be empty) and, in words of people, what went wrong.
func (c *Client) wrap(doing string, err error) error {
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

// failure replaces the words of an error and keeps its chain.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// explain is empty where the error's own words are the best.
func explain(err error) string {
	switch {
	case replied(err, "WRONGPASS"):
		return "the username or the password is wrong (WRONGPASS)"
	case replied(err, "NOAUTH"):
		return "a password is needed and none is set (NOAUTH)"
	case replied(err, "LOADING"):
		return "it is still loading its data (LOADING)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the server closed the connection"
	case isTLS(err):
		return "TLS: " + tlsReason(err)
	case errors.Is(err, goredis.Nil): // nowhere else does a missing value become an error
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
		return "TLS: no answer to the handshake (does the server speak TLS?)"
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the name %q is not found", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return ""
}

// hopeless: waiting will not mend it.
func hopeless(err error) bool {
	var version versionError
	return replied(err, "WRONGPASS") || replied(err, "NOAUTH") || replied(err, "NOPERM") ||
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
		return "the server does not speak TLS"
	case errors.As(err, &remote) && remote.Op == "remote error": // how crypto/tls reports an alert
		return "the server refuses: " + remote.Err.Error()
	}
	return ""
}

// replied reports whether Redis answered with that error code. go-redis knows some codes as types that hide the code
// from errors.As, so the text decides.
func replied(err error, code string) bool {
	var reply goredis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), code+" ")
}

// clip shortens s to at most n bytes of valid UTF-8, for what is said to people and programs.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
