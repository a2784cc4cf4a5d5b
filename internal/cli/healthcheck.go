package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/config"
)

const (
	healthTimeout = 4 * time.Second // less than a probe's own 5 s: ours says why
	maxHealthBody = 4 << 10
)

func newHealthcheck() *cobra.Command {
	var ready bool
	var address string
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running Ottoscaler whether it is healthy",
		Long: `Ask the Ottoscaler that runs in this container, or at an address, whether it is alive, or ready. It is for probes in
an image without a shell, and uses OTTO_HTTP_ADDR alone.

Exit codes: 0 it is, 1 nobody answers, 2 usage or configuration, 3 it is not.`,
		Example: `  ottoscaler healthcheck
  ottoscaler healthcheck --ready --address ottoscaler.otto.svc:8080`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if address == "" {
				cfg, err := config.Load(config.Environ())
				if err != nil {
					return usageError{err}
				}
				address = dialable(cfg.Process.HTTPAddr)
			} else if _, _, err := net.SplitHostPort(address); err != nil {
				return usageError{fmt.Errorf("--address %q: want host:port", address)}
			}
			path := "/livez"
			if ready {
				path = "/readyz"
			}
			return askHealth(c.Context(), address, path)
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "ask whether it is ready, not only alive")
	c.Flags().StringVar(&address, "address", "", "host:port to ask (default: OTTO_HTTP_ADDR on this machine)")
	return c
}

// dialable turns an address to listen on into one to reach it at: no host means all, so loopback.
func dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// askHealth is nil if the answer is 200; an error with exitCheck has the server's words.
func askHealth(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	where := url.URL{Scheme: "http", Host: address, Path: path}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), http.NoBody)
	if err != nil {
		return usageError{err}
	}
	// Never by a proxy: it would be its health.
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("healthcheck: nobody answers at %s: %w", where.String(), err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxHealthBody)) // what arrived of it will do
	why := strings.Join(strings.FieldsFunc(string(body), unicode.IsControl), "; ")
	return exitError{exitCheck, fmt.Errorf("healthcheck: %s says %s: %s", where.String(), answer.Status, why)}
}
