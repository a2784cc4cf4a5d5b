package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// tlsConfig is nil without TLS.
func (o Options) tlsConfig() (*tls.Config, error) {
	if !o.TLS {
		if o.CAFile != "" || o.CertFile != "" || o.KeyFile != "" {
			return nil, errors.New("redis: TLS files are set, but TLS is off")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pool, err := readCA(o.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	return config, o.addClientCertificate(config)
}

func readCA(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("redis: reading the CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("redis: CA file %s has no PEM certificate", file)
	}
	return pool, nil
}

// addClientCertificate reads the pair now, to fail early, and at each handshake, since certificates are rotated.
func (o Options) addClientCertificate(config *tls.Config) error {
	if o.CertFile == "" && o.KeyFile == "" {
		return nil
	}
	if o.CertFile == "" || o.KeyFile == "" {
		return errors.New("redis: a TLS certificate and its key must be set together")
	}
	if _, err := o.clientCertificate(nil); err != nil {
		return err
	}
	config.GetClientCertificate = o.clientCertificate
	return nil
}

func (o Options) clientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("redis: reading the TLS certificate and key: %w", err)
	}
	return &pair, nil
}

// handshakeError distinguishes a failed TLS handshake from a failed connect.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// dial bounds the handshake as well as the connect; go-redis' own dialer ignores the context. It verifies the host that
// is dialled, which is also correct for a master that a sentinel names.
func dial(secure *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err != nil || secure == nil {
			return conn, err
		}
		return handshake(ctx, conn, addr, secure)
	}
}

func handshake(ctx context.Context, conn net.Conn, addr string, secure *tls.Config) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	config := secure.Clone()
	config.ServerName = host
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &handshakeError{err}
	}
	return encrypted, nil
}
