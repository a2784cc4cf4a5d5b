//go:build real

package harness

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

// WebhookAnswer is what a webhook does with one Pod. The zero value admits it as it is.
type WebhookAnswer struct {
	Status int           // respond with this code: the webhook is broken
	Delay  time.Duration // before anything else; the API server waits ten seconds
	Patch  string        // a JSON patch of the Pod, of a Mutating one
}

// Webhook is an admission webhook on loopback that the API server asks about new Pods of one template, by their label
// `template`. When it gives no answer, the API server refuses the Pod.
type Webhook struct {
	server *httptest.Server

	mu     sync.Mutex
	choose func(asked int) WebhookAnswer
	asked  int
}

const webhookText = `apiVersion: admissionregistration.k8s.io/v1
kind: %[5]sWebhookConfiguration
metadata: {name: %[1]s}
webhooks:
- name: webhook.ottoscaler.example
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Fail
  timeoutSeconds: 10
  clientConfig: {url: %[2]q, caBundle: %[3]s}
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
  objectSelector: {matchLabels: {template: %[4]q}}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}
`

// NewWebhook starts a webhook, `Validating` or `Mutating`, for a template in the stack's namespace. The API server takes a
// moment until it asks: see Asked.
func (s *Stack) NewWebhook(t *testing.T, kind, template string) *Webhook {
	t.Helper()
	w := &Webhook{}
	w.Answer(func(int) WebhookAnswer { return WebhookAnswer{} })
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	authority := base64.StdEncoding.EncodeToString(issueCertificate(t, w.server))
	w.server.StartTLS()
	file := filepath.Join(t.TempDir(), "webhook.yaml")
	text := fmt.Appendf(nil, webhookText, s.Namespace, w.server.URL, authority, template, kind)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Kubectl("create", "-f", file)
	t.Cleanup(func() {
		s.Kubectl("delete", "-f", file)
		w.server.CloseClientConnections()
		w.server.Close()
	})
	return w
}

// Answer sets the function that answers; asked counts the requests from 1.
func (w *Webhook) Answer(choose func(asked int) WebhookAnswer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.choose = choose
}

// Asked is how many requests came so far.
func (w *Webhook) Asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func (w *Webhook) next() WebhookAnswer {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.choose(w.asked)
}

func (w *Webhook) serve(to http.ResponseWriter, r *http.Request) {
	a := w.next()
	poll.Sleep(r.Context(), a.Delay)
	if a.Status != 0 {
		http.Error(to, "broken by a test", a.Status)
		return
	}
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(to, "no review", http.StatusBadRequest)
		return
	}
	response := &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if a.Patch != "" {
		kind := admissionv1.PatchTypeJSONPatch
		response.PatchType, response.Patch = &kind, []byte(a.Patch)
	}
	review.Request, review.Response = nil, response
	to.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(to).Encode(review)
}
