package k8s

import (
	"context"
	"encoding/json"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
)

// Permission is one verb on one resource that this process must be granted.
type Permission struct {
	Namespace, Group, Resource, Verb string
}

// String is what `kubectl auth can-i` takes.
func (p Permission) String() string {
	return fmt.Sprintf("%s %s -n %s", p.Verb, p.resource(), p.Namespace)
}

// resource is how kubectl names it.
func (p Permission) resource() string {
	if p.Group == "" {
		return p.Resource
	}
	return p.Resource + "." + p.Group
}

// Grant is the command with which an administrator grants the permission to a ServiceAccount named ottoscaler; two
// permissions need two names.
func (p Permission) Grant() string {
	name := "ottoscaler-" + p.Verb + "-" + p.Resource
	return fmt.Sprintf("kubectl -n %[1]s create role %[2]s --verb=%[3]s --resource=%[4]s && "+
		"kubectl -n %[1]s create rolebinding %[2]s --role=%[2]s --serviceaccount=%[1]s:ottoscaler", p.Namespace, name, p.Verb, p.resource())
}

// Permissions are those that `run` needs, each argument a namespace: on the Pods of its workers and the Events about them, on
// its Lease (empty: without
// leader election), and on the Events it writes (empty: none). The command `check` asks for each of them.
func Permissions(workers, leases, events string) []Permission {
	var all []Permission
	for _, verb := range []string{"create", "delete", "get", "list", "watch"} {
		all = append(all, Permission{workers, "", "pods", verb})
	}
	all = append(all, Permission{workers, "", "events", "list"})
	if leases != "" {
		for _, verb := range []string{"create", "get", "update"} {
			all = append(all, Permission{leases, "coordination.k8s.io", "leases", verb})
		}
	}
	if events != "" {
		for _, verb := range []string{"create", "patch"} {
			all = append(all, Permission{events, "events.k8s.io", "events", verb})
		}
	}
	return all
}

// CanI asks the API server whether this process has a permission. The command `check` calls it.
func (c *Client) CanI(ctx context.Context, p Permission) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	review := authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: p.Namespace, Group: p.Group, Resource: p.Resource, Verb: p.Verb},
	}}
	review.APIVersion, review.Kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	raw, err := c.newReview(body).Do(ctx).Raw()
	if err == nil {
		err = json.Unmarshal(raw, &review)
	}
	if err != nil {
		return false, fmt.Errorf("checking the permission to %s: %s", p, ServerMessage(err))
	}
	return review.Status.Allowed, nil
}

func (c *Client) newReview(body []byte) *rest.Request {
	return c.rest.Post().AbsPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").Body(body).MaxRetries(0)
}
