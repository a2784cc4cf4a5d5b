package k8s

import (
	"context"
	"encoding/json"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
)

// Right is one thing this process must be allowed to do.
type Right struct {
	Namespace, Group, Resource, Verb string
}

// String is how kubectl's `auth can-i` is asked for it.
func (r Right) String() string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	return fmt.Sprintf("%s %s -n %s", r.Verb, resource, r.Namespace)
}

// Rights are those that `run` needs, by namespace: of the Pods of its workers, with leader election of its Lease, and of
// the Events it writes, if there is something they could be about.
func Rights(workers, leases, events string) []Right {
	var all []Right
	for _, verb := range []string{"create", "delete", "get", "list", "watch"} {
		all = append(all, Right{workers, "", "pods", verb})
	}
	if leases != "" {
		for _, verb := range []string{"create", "get", "update"} {
			all = append(all, Right{leases, "coordination.k8s.io", "leases", verb})
		}
	}
	if events != "" {
		for _, verb := range []string{"create", "patch"} {
			all = append(all, Right{events, "events.k8s.io", "events", verb})
		}
	}
	return all
}

// May asks the API server whether we have a right.
func (c *Client) May(ctx context.Context, r Right) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	review := authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: r.Namespace, Group: r.Group, Resource: r.Resource, Verb: r.Verb},
	}}
	review.APIVersion, review.Kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	raw, err := c.post(body).Do(ctx).Raw()
	if err == nil {
		err = json.Unmarshal(raw, &review)
	}
	if err != nil {
		return false, fmt.Errorf("asking for the right to %s: %s", r, words(err))
	}
	return review.Status.Allowed, nil
}

func (c *Client) post(body []byte) *rest.Request {
	return c.sights.Post().AbsPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").Body(body).MaxRetries(0)
}

// Version asks the API server for its version.
func (c *Client) Version(ctx context.Context) (string, error) {
	v, err := c.serverVersion(ctx)
	if err != nil {
		return "", fmt.Errorf("the Kubernetes API server at %s does not answer: %s", c.address(), words(err))
	}
	return line(v, maxReason), nil
}

// Grant is what an admin runs to give the right to a ServiceAccount named ottoscaler; two rights need two names.
func (r Right) Grant() string {
	resource, name := r.Resource, "ottoscaler-"+r.Verb+"-"+r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	return fmt.Sprintf("kubectl -n %[1]s create role %[2]s --verb=%[3]s --resource=%[4]s && "+
		"kubectl -n %[1]s create rolebinding %[2]s --role=%[2]s --serviceaccount=%[1]s:ottoscaler", r.Namespace, name, r.Verb, resource)
}
