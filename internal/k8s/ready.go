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

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	oldestServer  = "1.34"
	readyInterval = 500 * time.Millisecond
	readyTimeout  = 5 * time.Second // of one try
)

// Ready waits until the API server answers. It fails when ctx ends first, or at once when the server rejects the
// credentials: waiting does not change that. The error is one sentence for people. The daemon calls it at its start.
func (c *Client) Ready(ctx context.Context) error {
	last := ctx.Err()
	err := wait.PollUntilContextCancel(ctx, readyInterval, true, func(ctx context.Context) (bool, error) {
		got, err := c.serverVersion(ctx)
		switch {
		case apierrors.IsUnauthorized(err), apierrors.IsForbidden(err):
			return false, fmt.Errorf("the Kubernetes API server at %s rejects the credentials: %s", c.address(), ServerMessage(err))
		case err != nil:
			last = preferCause(last, err)
			return false, nil
		}
		c.checkVersion(got)
		return true, nil
	})
	if err != nil && ctx.Err() != nil {
		return c.noAnswer(last)
	}
	return err
}

// Ping asks once whether the API server answers. The error is one sentence for people. Health checks call it.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.Version(ctx)
	return err
}

// Version asks the API server for its version. The command `check` calls it.
func (c *Client) Version(ctx context.Context) (string, error) {
	v, err := c.serverVersion(ctx)
	if err != nil {
		return "", c.noAnswer(err)
	}
	return text.Line(v, maxVersion), nil
}

func (c *Client) noAnswer(err error) error {
	return fmt.Errorf("the Kubernetes API server at %s does not answer: %s", c.address(), ServerMessage(err))
}

// preferCause keeps the earlier error when the latest one only says that time ran out.
func preferCause(earlier, latest error) error {
	if earlier != nil && (errors.Is(latest, context.DeadlineExceeded) || errors.Is(latest, context.Canceled)) {
		return earlier
	}
	return latest
}

func (c *Client) serverVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	raw, err := c.NewGet().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", err
	}
	var info apiversion.Info
	if err := json.Unmarshal(raw, &info); err != nil {
		return "", fmt.Errorf("reading /version: %w", err)
	}
	return info.GitVersion, nil
}

// checkVersion only warns: an older server may well do, and a custom build may call itself v0.0.0.
func (c *Client) checkVersion(got string) {
	v, err := version.ParseGeneric(got)
	if err != nil || v.LessThan(version.MustParseGeneric(oldestServer)) {
		errcode.Warn(c.log, errcode.UntestedVersion, "version", text.Line(got, maxVersion), "oldest", oldestServer)
	}
}
