package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ServiceAccountToken asks for a token of the ServiceAccount "namespace/name". The API server answers a
// duration below ten minutes with an error.
func (c *Client) ServiceAccountToken(ctx context.Context, account string, d time.Duration) (string, error) {
	namespace, name, ok := strings.Cut(account, "/")
	if !ok || namespace == "" || name == "" {
		return "", fmt.Errorf("%q is not a ServiceAccount: write NAMESPACE/NAME, such as default/default", account)
	}
	body := map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       map[string]any{"expirationSeconds": int64(d.Seconds())},
	}
	var answer struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	path := fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", namespace, name)
	if err := c.Create(ctx, path, body, &answer); err != nil {
		return "", fmt.Errorf("asking for a token of %s: %w", account, err)
	}
	return answer.Status.Token, nil
}

// Exists says whether there is an object at path.
func (c *Client) Exists(ctx context.Context, path string) (bool, error) {
	err := c.Get(ctx, path, nil)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Code == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}
