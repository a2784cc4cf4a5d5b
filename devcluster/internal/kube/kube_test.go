package kube

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestKubeconfigRoundTrip(t *testing.T) {
	for _, want := range []Access{
		{Server: "https://127.0.0.1:1", CA: []byte("ca"), User: "admin", Cert: []byte("cert"), Key: []byte("key")},
		{Server: "https://127.0.0.1:1", CA: []byte("ca"), User: "default/sa", Token: "secret"},
	} {
		data, err := want.Kubeconfig()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseKubeconfig(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTokenRequest(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Spec struct {
				Seconds int `json:"expirationSeconds"`
			} `json:"spec"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		if r.Method != http.MethodPost || r.URL.Path != "/api/v1/namespaces/a/serviceaccounts/b/token" || body.Spec.Seconds != 600 {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"not found"}`))
			return
		}
		_, _ = w.Write([]byte(`{"status":{"token":"secret"}}`))
	}))
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	client, err := NewClient(Access{Server: server.URL, CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := client.ServiceAccountToken(t.Context(), "a/b", 10*time.Minute); err != nil || token != "secret" {
		t.Errorf("token %q, %v", token, err)
	}
	_, err = client.ServiceAccountToken(t.Context(), "a/c", 10*time.Minute)
	var status *StatusError
	if !errors.As(err, &status) || status.Message != "not found" {
		t.Errorf("error %v, want the message of the API server", err)
	}
	if _, err := client.ServiceAccountToken(t.Context(), "nameonly", time.Hour); err == nil {
		t.Error("a name without a namespace was accepted")
	}
}
