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
	healthTimeout = 4 * time.Second // below the probe's own 5 s, so that the reason is reported
	maxHealthBody = 4 << 10
)

func newHealthcheck() *cobra.Command {
	var ready bool
	var address string
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Check the health of a running Ottoscaler",
		Long: `Check whether the Ottoscaler in this container, or at an address, is alive, or ready. It is for probes in an image
without a shell and reads OTTO_HTTP_ADDR only.

Exit codes: 0 healthy, 1 no answer, 2 usage or configuration, 3 not healthy.`,
		Example: `  ottoscaler healthcheck
  ottoscaler healthcheck --ready --address ottoscaler.otto.svc:8080`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			target, err := healthAddress(address)
			if err != nil {
				return usageError{err}
			}
			path := "/livez"
			if ready {
				path = "/readyz"
			}
			return checkHealth(c.Context(), target, path)
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "check readiness instead of liveness")
	c.Flags().StringVar(&address, "address", "", "host:port to check (default: OTTO_HTTP_ADDR on this machine)")
	return c
}

// healthAddress is that of the flag, else of the configuration.
func healthAddress(flag string) (string, error) {
	if flag == "" {
		cfg, err := config.Load(config.Environ())
		return dialable(cfg.Process.HTTPAddr), err
	}
	if _, _, err := net.SplitHostPort(flag); err != nil {
		return "", fmt.Errorf("--address %q: want host:port", flag)
	}
	return flag, nil
}

// dialable turns an address to listen on into one to dial: a missing or unspecified host becomes localhost.
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

// checkHealth returns nil for status 200; an error with exitCheck has the server's answer.
func checkHealth(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	target := url.URL{Scheme: "http", Host: address, Path: path}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return usageError{err}
	}
	// Never through a proxy: the answer would be the proxy's.
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("healthcheck: no answer from %s: %w", target.String(), err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxHealthBody)) // a part of it is enough
	reason := strings.Join(strings.FieldsFunc(string(body), unicode.IsControl), "; ")
	return exitError{exitCheck, fmt.Errorf("healthcheck: %s answered %s: %s", target.String(), response.Status, reason)}
}
