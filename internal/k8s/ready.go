package k8s

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/util/wait"
	apiversion "k8s.io/apimachinery/pkg/version"
)

const (
	oldestServer  = "1.34"
	readyInterval = 500 * time.Millisecond
	readyTimeout  = 5 * time.Second // of one try
)

// Ready waits until the API server answers, on the connection that needs no Lease. It fails when ctx ends first, or at
// once when the server refuses us: that does not mend itself. The error is one sentence for people.
func (c *Client) Ready(ctx context.Context) error {
	last := ctx.Err()
	err := wait.PollUntilContextCancel(ctx, readyInterval, true, func(ctx context.Context) (bool, error) {
		got, err := c.serverVersion(ctx)
		switch {
		case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err):
			return false, fmt.Errorf("the API server at %s refuses our credentials: %s", c.address(), words(err))
		case err != nil:
			last = telling(last, err)
			return false, nil
		}
		c.checkVersion(got)
		return true, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("the Kubernetes API server at %s does not answer: %s", c.address(), words(last))
	}
	return err
}

// Ping asks once whether the API server answers us. The error is one sentence for people.
func (c *Client) Ping(ctx context.Context) error {
	if _, err := c.serverVersion(ctx); err != nil {
		return fmt.Errorf("the Kubernetes API server at %s does not answer: %s", c.address(), words(err))
	}
	return nil
}

// Watching reports whether the Pods are listed and watched; nil: they are.
func (c *Client) Watching() error {
	switch c.watched.Load() {
	case watchIsOpen:
		return nil
	case watchRests:
		return errors.New("the watch of Pods is interrupted")
	}
	return errors.New("the Pods are not listed yet")
}

func (c *Client) address() string { return c.calls.Get().URL().Host }

// telling prefers the error that says more: the last try may just have been cut off.
func telling(old, latest error) error {
	if old != nil && (errors.Is(latest, context.DeadlineExceeded) || errors.Is(latest, context.Canceled)) {
		return old
	}
	return latest
}

func (c *Client) serverVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	raw, err := c.sights.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		return "", err
	}
	var info apiversion.Info
	if err := json.Unmarshal(raw, &info); err != nil {
		return "", fmt.Errorf("reading /version: %w", err)
	}
	return info.GitVersion, nil
}

// checkVersion only warns: an older server may well do, and a build of one's own calls itself v0.0.0.
func (c *Client) checkVersion(got string) {
	v, err := version.ParseGeneric(got)
	if err != nil || v.LessThan(version.MustParseGeneric(oldestServer)) {
		c.Logger.Warn("the API server's version was not tested with", "version", line(got, maxReason), "oldest", oldestServer)
	}
}
