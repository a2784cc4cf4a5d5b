package podlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

const (
	maxList   = 256 << 20 // bytes of a list of Pods
	pageSize  = "500"
	watchTime = 5 * time.Minute // of one watch
)

// Pod is a Pod whose containers can be followed.
type Pod struct {
	Name, UID  string
	Containers []Target // in the order in which they start
	Deleted    bool     // it was just deleted
	Ended      bool     // no container of it runs, or will
}

func (p *podJSON) pod(namespace string) Pod {
	all := Pod{Name: p.Metadata.Name, UID: p.Metadata.UID, Ended: p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed"}
	for _, list := range [][]containerJSON{p.Spec.InitContainers, p.Spec.Containers, p.Spec.EphemeralContainers} {
		for _, c := range list {
			all.Containers = append(all.Containers, Target{Namespace: namespace, Pod: all.Name, UID: all.UID, Container: c.Name})
		}
	}
	return all
}

// ListPods returns the Pods of a namespace that a label selector selects.
func (c *Client) ListPods(ctx context.Context, namespace, selector string) ([]Pod, error) {
	pods, _, err := c.list(ctx, namespace, selector)
	return pods, err
}

// WatchPods passes each Pod that a label selector selects to each, at first and whenever it changes, until ctx ends or a
// permission is missing. Interruptions are bridged: a Pod that is created and deleted within one is missed.
func (c *Client) WatchPods(ctx context.Context, namespace, selector string, each func(Pod)) error {
	for tries := 0; ; tries++ {
		pods, version, err := c.list(ctx, namespace, selector)
		for i := range pods {
			each(pods[i])
		}
		if err == nil {
			tries = 0
			err = c.watch(ctx, namespace, selector, version, each)
		}
		if errors.As(err, new(*PermissionError)) {
			return err
		}
		if !retry.Sleep(ctx, retry.Backoff(max(1, tries), maxPause)) {
			return ctx.Err()
		}
	}
}

func (c *Client) list(ctx context.Context, namespace, selector string) (all []Pod, version string, err error) {
	used, err := c.conns.take()
	if err != nil {
		return nil, "", err
	}
	defer c.conns.give(used)
	for next := ""; ; {
		q := url.Values{"labelSelector": {selector}, "limit": {pageSize}}
		if next != "" {
			q.Set("continue", next)
		}
		var page struct {
			Metadata struct{ ResourceVersion, Continue string }
			Items    []podJSON
		}
		if err := used.readPods(ctx, namespace, q, &page); err != nil {
			return nil, "", err
		}
		for i := range page.Items {
			all = append(all, page.Items[i].pod(namespace))
		}
		if next = page.Metadata.Continue; next == "" {
			return all, page.Metadata.ResourceVersion, nil
		}
	}
}

func (c *conn) readPods(ctx context.Context, namespace string, q url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, k8s.CallTimeout)
	defer cancel()
	body, err := c.openPods(ctx, namespace, q, "list")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(io.LimitReader(body, maxList)).Decode(into); err != nil {
		return fmt.Errorf("listing the Pods of namespace %q: %w", namespace, err)
	}
	return nil
}

func (c *conn) openPods(ctx context.Context, namespace string, q url.Values, verb string) (io.ReadCloser, error) {
	res, err := c.get(ctx, q, "namespaces", namespace, "pods")
	if err != nil {
		return nil, fmt.Errorf("listing the Pods of namespace %q: %w", namespace, err)
	}
	what, message := classify(res)
	if what == answerOK {
		return res.Body, nil
	}
	_ = res.Body.Close()
	if what == answerForbidden {
		return nil, &PermissionError{verb + " pods -n " + namespace, message}
	}
	return nil, fmt.Errorf("listing the Pods of namespace %q: %s", namespace, message)
}

// watch passes changes on until the watch ends. It was no failure then.
func (c *Client) watch(ctx context.Context, namespace, selector, version string, each func(Pod)) error {
	used, err := c.conns.take()
	if err != nil {
		return err
	}
	defer c.conns.give(used)
	ctx, cancel := context.WithTimeout(ctx, watchTime+k8s.CallTimeout)
	defer cancel()
	body, err := used.openPods(ctx, namespace, url.Values{
		"labelSelector": {selector}, "watch": {"true"}, "resourceVersion": {version},
		"timeoutSeconds": {fmt.Sprint(int(watchTime.Seconds()))},
	}, "watch")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	for changes := json.NewDecoder(body); ; {
		var change struct {
			Type   string
			Object podJSON
		}
		if changes.Decode(&change) != nil || change.Type == "ERROR" {
			return nil
		}
		p := change.Object.pod(namespace)
		p.Deleted = change.Type == "DELETED"
		each(p)
	}
}
