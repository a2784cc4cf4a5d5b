package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	maxReply   = 64 << 10 // bytes of an answer that are read
	maxReason  = 256      // bytes of an answer in a log line
	maxRetryIn = 30 * time.Second
	scopeName  = "github.com/ottoscaler/ottoscaler/internal/traces"
)

// resource is who sends the spans.
type resource struct {
	attributes attributes
	version    string
}

// collector sends spans to one OTLP endpoint over HTTP.
type collector struct {
	http     *http.Client
	url      string
	headers  map[string]string
	gzip     bool
	resource resource
	format
}

// format is how spans and answers are encoded.
type format struct {
	contentType string
	encode      func(*resource, []span) ([]byte, error)
	decode      func(body []byte) (rejected int64, message string)
}

func formatOf(protocol string) format {
	if protocol == "http/json" {
		return format{"application/json", encodeJSON, decodeJSONReply}
	}
	return format{"application/x-protobuf", encodeProtobuf, decodeProtobufReply}
}

// newCollector fails on certificates that cannot be read.
func newCollector(t config.Traces, r resource) (*collector, error) {
	secure, err := tlsConfig(t)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, ForceAttemptHTTP2: true, MaxIdleConns: 1,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: t.Timeout(),
	}
	return &collector{
		http: &http.Client{Transport: transport, Timeout: t.Timeout(), CheckRedirect: noRedirect},
		url:  t.URL(), headers: t.HeaderPairs(), gzip: t.Compression == "gzip", resource: r, format: formatOf(t.Protocol),
	}, nil
}

// noRedirect: a redirect would send the headers, and with them a token, to somebody else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func tlsConfig(t config.Traces) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the collector's CA certificates: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading the collector's CA certificates: %s has none", t.CAFile)
		}
	}
	if t.CertFile == "" {
		return c, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		return &pair, err
	}
	if _, err := load(); err != nil {
		return nil, fmt.Errorf("reading the client certificate for the collector: %w", err)
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return c, nil
}

func (c *collector) close() { c.http.CloseIdleConnections() }

// refusedError says that sending the same again will not help.
type refusedError struct {
	status int
	reason string
}

func (e *refusedError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.reason) }

// busyError says when the collector wants to hear from us again.
type busyError struct {
	status  int
	reason  string
	retryIn time.Duration
}

func (e *busyError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.reason) }

// send sends spans once. Its error is a refusedError, or one after which they are sent again. Of accepted spans the collector may have
// dropped some, and says why.
func (c *collector) send(ctx context.Context, spans []span) (dropped int64, why string, err error) {
	request, err := c.request(ctx, spans)
	if err != nil {
		return 0, "", err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("sending spans: %w", withoutURL(err))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	_ = response.Body.Close() // it was read, or the connection is broken
	if response.StatusCode/100 != 2 {
		return 0, "", failure(response.StatusCode, response.Header.Get("Retry-After"), reasonOf(response, body))
	}
	if err != nil {
		return 0, "", fmt.Errorf("reading the collector's answer: %w", err)
	}
	dropped, why = c.decode(body)
	return min(dropped, int64(len(spans))), text.Line(why, maxReason), nil
}

func (c *collector) request(ctx context.Context, spans []span) (*http.Request, error) {
	body, err := c.encode(&c.resource, spans)
	if err != nil {
		return nil, fmt.Errorf("encoding spans: %w", err)
	}
	if c.gzip {
		body = compress(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", c.contentType)
	request.Header.Set("User-Agent", "ottoscaler/"+c.resource.version)
	if c.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	return request, nil
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// withoutURL takes the address away that net/http puts before each error: it may be long, and is known.
func withoutURL(err error) error {
	var wrapped interface{ Unwrap() error }
	if errors.As(err, &wrapped) && wrapped.Unwrap() != nil {
		return wrapped.Unwrap()
	}
	return err
}

// failure sorts answers: 408, 429 and what is wrong with the server, or with its address (3xx), passes by.
func failure(status int, retryAfter, reason string) error {
	if status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests {
		return &refusedError{status, reason}
	}
	seconds, err := strconv.Atoi(retryAfter)
	if err != nil || seconds < 0 {
		seconds = 0
	}
	return &busyError{status, reason, min(maxRetryIn, time.Duration(min(seconds, 3600))*time.Second)}
}

// reasonOf is for a log line. An answer in protobuf is no text.
func reasonOf(r *http.Response, body []byte) string {
	reason := text.Line(text.Printable(string(body)), maxReason)
	if reason == "" || r.Header.Get("Content-Type") == "application/x-protobuf" {
		return http.StatusText(r.StatusCode)
	}
	return reason
}
