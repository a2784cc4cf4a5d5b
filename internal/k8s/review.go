package k8s

import (
	"context"
	"encoding/json"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
)

// The resource whose verbs say what a user may do with the events of producers. No such resource need exist.
const (
	eventsGroup    = "ottoscaler.io"
	eventsResource = "events"
)

// ReviewToken asks the API server which user has a token; an empty name: it is not valid. Package pods calls it for the gateway.
func (c *Client) ReviewToken(ctx context.Context, token string) (authenticationv1.UserInfo, error) {
	review := authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}
	review.APIVersion, review.Kind = "authentication.k8s.io/v1", "TokenReview"
	if err := c.review(ctx, "/apis/authentication.k8s.io/v1/tokenreviews", &review); err != nil {
		return authenticationv1.UserInfo{}, fmt.Errorf("reviewing a token: %w", err)
	}
	if !review.Status.Authenticated {
		return authenticationv1.UserInfo{}, nil
	}
	return review.Status.User, nil
}

// ReviewAccess asks the API server whether a user may do that with the events of a namespace.
func (c *Client) ReviewAccess(ctx context.Context, user authenticationv1.UserInfo, namespace, verb string) (bool, error) {
	extra := make(map[string]authorizationv1.ExtraValue, len(user.Extra))
	for name, values := range user.Extra {
		extra[name] = authorizationv1.ExtraValue(values)
	}
	review := authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Group: eventsGroup, Resource: eventsResource, Verb: verb,
		},
	}}
	review.APIVersion, review.Kind = "authorization.k8s.io/v1", "SubjectAccessReview"
	if err := c.review(ctx, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &review); err != nil {
		return false, fmt.Errorf("reviewing the access of %q: %w", user.Username, err)
	}
	return review.Status.Allowed && !review.Status.Denied, nil
}

// review posts a review and reads the answer into it. Its errors quote the server, never the review: it has a token.
func (c *Client) review(ctx context.Context, path string, review any) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	body, err := json.Marshal(review)
	if err != nil {
		return err
	}
	raw, err := c.rest.Post().AbsPath(path).SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").
		Body(body).MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		return fmt.Errorf("%s", ServerMessage(err))
	}
	return json.Unmarshal(raw, review)
}
