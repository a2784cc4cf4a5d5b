package k8s

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

func TestCanI(t *testing.T) {
	want := Permission{"ci", "coordination.k8s.io", "leases", "update"}
	for _, allowed := range []bool{true, false} {
		access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			var review authorizationv1.SelfSubjectAccessReview
			if err := json.NewDecoder(r.Body).Decode(&review); err != nil || r.URL.Path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" {
				t.Errorf("asked %s: %v", r.URL, err)
			}
			a := review.Spec.ResourceAttributes
			if got := (Permission{a.Namespace, a.Group, a.Resource, a.Verb}); got != want {
				t.Errorf("asked for %v", got)
			}
			review.Status.Allowed = allowed
			k8stest.Answer(w, http.StatusCreated, review)
		})
		if got, err := newTestClient(t, access, discard).CanI(t.Context(), want); got != allowed || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, allowed)
		}
	}
	access := k8stest.Serve(t, http.NotFound)
	if _, err := newTestClient(t, access, discard).CanI(t.Context(), want); err == nil || !strings.Contains(err.Error(), "update leases.coordination.k8s.io -n ci") {
		t.Errorf("no answer: %v", err)
	}
}
