package k8s

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var meanings = map[string]struct {
	code    int
	reason  metav1.StatusReason
	message string
	cause   metav1.CauseType
	want    error
}{
	"quota": {
		403, metav1.StatusReasonForbidden,
		`pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5`, "", worker.ErrQuota,
	},
	"a policy that speaks of quotas": {
		422, metav1.StatusReasonInvalid, `pods "p" is forbidden: exceeded quota of patience`, "", worker.ErrRefused,
	},
	"webhook without a server": {
		500, metav1.StatusReasonInternalError,
		`Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x.ci.svc:443/?timeout=10s": ` +
			`service "x" not found`, "", worker.ErrAdmission,
	},
	"webhook that hangs": {
		500, metav1.StatusReasonInternalError,
		`Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: context deadline exceeded`, "", worker.ErrAdmission,
	},
	"pod security": {
		403, metav1.StatusReasonForbidden,
		`pods "p" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`, "", worker.ErrRefused,
	},
	"admission policy": {
		422, metav1.StatusReasonInvalid,
		`pods "p" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no`, "", worker.ErrRefused,
	},
	"webhook": {
		400, metav1.StatusReasonBadRequest, `admission webhook "x.example.com" denied the request: no`, "", worker.ErrRefused,
	},
	"webhook with a code of its own": {
		500, metav1.StatusReasonInternalError, `admission webhook "x.example.com" denied the request: no`, "", worker.ErrRefused,
	},
	"service account": {
		403, metav1.StatusReasonForbidden,
		`pods "p" is forbidden: error looking up service account ci/x: serviceaccount "x" not found`, "", worker.ErrRefused,
	},
	"invalid": {422, metav1.StatusReasonInvalid, `Pod "p" is invalid: spec.containers[0].image: Required value`, "", worker.ErrRefused},
	"rbac": {
		403, metav1.StatusReasonForbidden,
		`pods is forbidden: User "system:serviceaccount:ci:otto" cannot create resource "pods" in API group "" in the namespace "ci"`, "", worker.ErrForbidden,
	},
	"who are you": {401, metav1.StatusReasonUnauthorized, "Unauthorized", "", worker.ErrForbidden},
	"namespace gone": {
		404, metav1.StatusReasonNotFound, `namespaces "ci" not found`, "", worker.ErrForbidden,
	},
	"namespace terminating": {
		403, metav1.StatusReasonForbidden,
		`pods "p" is forbidden: unable to create new content in namespace ci because it is being terminated`,
		corev1.NamespaceTerminatingCause, worker.ErrForbidden,
	},
	"too many requests": {429, metav1.StatusReasonTooManyRequests, "too many requests", "", worker.ErrUnavailable},
	"quota conflict": {
		409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on resourcequotas "q"`, "", worker.ErrUnavailable,
	},
	"etcd timed out":       {500, metav1.StatusReasonInternalError, "etcdserver: request timed out", "", worker.ErrUnknown},
	"unavailable":          {503, metav1.StatusReasonServiceUnavailable, "no endpoints", "", worker.ErrUnknown},
	"timed out on its way": {504, metav1.StatusReasonTimeout, "request did not complete within the allotted timeout", "", worker.ErrUnknown},
}

func TestMeaning(t *testing.T) {
	for name, test := range meanings {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			w := newTestWriter(t, nil, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Retry-After", "0")
				k8stest.Answer(w, test.code, k8stest.Status(test.code, test.reason, test.message, metav1.StatusCause{Type: test.cause}))
			})
			err := post(t.Context(), w)
			if got := Meaning(err); !errors.Is(got, test.want) || !strings.Contains(ServerMessage(err), test.message) {
				t.Errorf("got %v, want %v with the server's message", got, test.want)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests, want one: the caller retries", requests.Load())
			}
		})
	}
}

// A 404 of something that is no API server says nothing about an object.
func TestIsNotFound(t *testing.T) {
	for body, want := range map[any]bool{k8stest.Status(404, metav1.StatusReasonNotFound, "not found"): true, "no such page": false} {
		w := newTestWriter(t, nil, func(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, 404, body) })
		if got := IsNotFound(post(t.Context(), w)); got != want {
			t.Errorf("%v: got %v", body, got)
		}
	}
}
