// Package kube is a minimal Kubernetes client for the three kinds of requests that devcluster itself sends.
// client-go would add minutes of compilation to every run of the unit tests.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client sends JSON requests to one API server. It is safe for concurrent use.
type Client struct {
	server string
	token  string
	http   *http.Client
}

// StatusError is an unsuccessful response of the API server.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// NewClient opens no connection yet.
func NewClient(a Access) (*Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.CA) {
		return nil, errors.New("invalid CA certificate in the kubeconfig")
	}
	conf := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if len(a.Cert) > 0 {
		pair, err := tls.X509KeyPair(a.Cert, a.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate of %s: %w", a.User, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: conf, Proxy: nil, ForceAttemptHTTP2: true, IdleConnTimeout: 5 * time.Second}
	return &Client{server: a.Server, token: a.Token, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}, nil
}

// Get decodes the object at path into the pointer into; nil discards it.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.do(ctx, http.MethodGet, c.server+path, nil, into)
}

// Create posts body to the path of a collection.
func (c *Client) Create(ctx context.Context, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	return c.do(ctx, http.MethodPost, c.server+path, data, into)
}

// Probe requests any URL whose certificate the cluster's CA signed, such as the health endpoint of a component.
func (c *Client) Probe(ctx context.Context, url string) error {
	return c.do(ctx, http.MethodGet, url, nil, nil)
}

func (c *Client) do(ctx context.Context, method, url string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &StatusError{Code: resp.StatusCode, Message: message(data)}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

func message(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return string(bytes.TrimSpace(body[:min(len(body), 300)]))
}
