package pods

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestDryRun: it creates nothing, and returns the server's message.
func TestDryRun(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		want error
	}{
		"taken":   {http.StatusCreated, nil},
		"quota":   {http.StatusForbidden, worker.ErrQuota},
		"invalid": {http.StatusUnprocessableEntity, worker.ErrRefused},
		"down":    {http.StatusServiceUnavailable, worker.ErrUnknown},
	} {
		access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Query().Get("dryRun") != "All" {
				t.Errorf("%s: asked %s %s", name, r.Method, r.URL)
			}
			if test.want != nil {
				k8stest.Answer(w, test.code, k8stest.Status(test.code, metav1.StatusReasonForbidden, "exceeded quota: q"))
				return
			}
			k8stest.Answer(w, test.code, &corev1.Pod{TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}})
		})
		err := clientOf(t, access, testOptions(t)).DryRun(t.Context(), "")
		if !errors.Is(err, test.want) || test.want != nil && !strings.Contains(err.Error(), "exceeded quota: q") {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}
