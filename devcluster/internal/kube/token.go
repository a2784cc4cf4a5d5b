package kube

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// ServiceAccountToken requests a token for the ServiceAccount "namespace/name". The API server rejects durations
// below ten minutes.
func (c *Client) ServiceAccountToken(ctx context.Context, account string, d time.Duration) (string, error) {
	namespace, name, ok := strings.Cut(account, "/")
	if !ok || namespace == "" || name == "" {
		return "", fmt.Errorf("invalid ServiceAccount %q: want NAMESPACE/NAME, such as default/default", account)
	}
	body := map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       map[string]any{"expirationSeconds": int64(d.Seconds())},
	}
	var response struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	path := fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", namespace, name)
	if err := c.Create(ctx, path, body, &response); err != nil {
		return "", fmt.Errorf("requesting a token for %s: %w", account, err)
	}
	return response.Status.Token, nil
}
