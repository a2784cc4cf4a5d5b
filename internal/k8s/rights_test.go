package k8s

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
)

func TestMay(t *testing.T) {
	want := Right{"ci", "coordination.k8s.io", "leases", "update"}
	for _, allowed := range []bool{true, false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var review authorizationv1.SelfSubjectAccessReview
			if err := json.NewDecoder(r.Body).Decode(&review); err != nil || r.URL.Path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
				t.Errorf("asked %s: %v", r.URL, err)
			}
			a := review.Spec.ResourceAttributes
			if got := (Right{a.Namespace, a.Group, a.Resource, a.Verb}); got != want {
				t.Errorf("asked for %v", got)
			}
			review.Status.Allowed = allowed
			answer(w, http.StatusCreated, review)
		}))
		if got, err := clientOf(t, server.URL, testOptions(t)).May(t.Context(), want); got != allowed || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, allowed)
		}
		server.Close()
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if _, err := clientOf(t, server.URL, testOptions(t)).May(t.Context(), want); err == nil || !strings.Contains(err.Error(), "update leases.coordination.k8s.io -n ci") {
		t.Errorf("no answer: %v", err)
	}
}
