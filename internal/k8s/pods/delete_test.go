package pods

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestDeleteCarriesTheUID(t *testing.T) {
	for name, test := range map[string]struct {
		grace time.Duration
		want  *int64
	}{
		"its own grace": {-1, nil},
		"at once":       {0, new(int64(0))},
		"rounded up":    {1500 * time.Millisecond, new(int64(2))},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				got := decodeBody(t, r).(*metav1.DeleteOptions)
				if r.Method != http.MethodDelete || r.URL.Path != podsPath+"/"+testName {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if string(*got.Preconditions.UID) != testRef.UID || !cmp.Equal(test.want, got.GracePeriodSeconds) {
					t.Errorf("UID %v, grace %v", got.Preconditions, got.GracePeriodSeconds)
				}
				k8stest.Answer(w, 200, livePod(t))
			})
			if err := c.Delete(t.Context(), testRef, test.grace); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	conflict := k8stest.Status(409, metav1.StatusReasonConflict, "Precondition failed: UID in precondition: uid-1, UID in object meta: uid-2")
	gone := k8stest.Status(404, metav1.StatusReasonNotFound, `pods "p" not found`)
	other := livePod(t)
	other.UID = "uid-2"
	for name, test := range map[string]struct {
		code  int
		reply any
		get   any
		want  error
	}{
		"gone":               {404, gone, nil, worker.ErrGone},
		"another Pod":        {409, conflict, other, worker.ErrGone},
		"a conflict for now": {409, conflict, livePod(t), worker.ErrUnavailable},
		"a proxy's 404":      {404, "not here", nil, worker.ErrForbidden},
		"busy":               {429, k8stest.Status(429, metav1.StatusReasonTooManyRequests, "slow down"), nil, worker.ErrUnavailable},
		"not allowed": {
			403, k8stest.Status(403, metav1.StatusReasonForbidden, `pods "p" is forbidden: User "u" cannot delete resource "pods" in API group ""`),
			nil, worker.ErrForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					k8stest.Answer(w, 200, test.get)
					return
				}
				k8stest.Answer(w, test.code, test.reply)
			})
			if err := c.Delete(t.Context(), testRef, -1); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestDeleteWithoutUID(t *testing.T) {
	c := newTestClient(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Method) })
	if err := c.Delete(t.Context(), worker.PodRef{Name: testName}, 0); err == nil {
		t.Error("deleted whatever has that name")
	}
}
