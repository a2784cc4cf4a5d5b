//go:build real

package harness

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Fate is what becomes of one request on its way to the API server. The zero value: it arrives, and so does its answer.
type Fate struct {
	Delay      time.Duration // before anything else
	CutBefore  bool          // the connection's stream breaks before the request is forwarded
	Status     int           // answered in the API server's place with this code
	RetryAfter int           // seconds; with Status
	CutAfter   bool          // the API server does it, and its answer is lost
	End        time.Duration // the answer, a watch, ends after this
	Forget     bool          // a watch asks for a version that is too old: the API server says 410 Gone
}

// API is a way to the API server, with a certificate of its own, on which requests can come to grief.
type API struct {
	Kubeconfig string // the account's, with this way in it

	t       *testing.T
	server  *httptest.Server
	forward *httputil.ReverseProxy
	link    *Link // before the server, so that it can refuse connections

	mu     sync.Mutex
	judge  func(*http.Request) Fate
	frozen chan struct{} // closed: nothing is frozen
}

// NewAPI opens a way to the API server that a kubeconfig names, with its account.
func NewAPI(t *testing.T, kubeconfig string) *API {
	t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	a := &API{t: t, frozen: make(chan struct{})}
	close(a.frozen)
	a.Judge(nil)
	a.forward = forwardTo(t, access)
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.server.EnableHTTP2 = true
	authority := a.certify()
	a.server.StartTLS()
	t.Cleanup(a.close)
	a.link = NewLink(t, a.server.Listener.Addr().String())
	a.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	rewrite(t, kubeconfig, a.Kubeconfig, "https://"+a.link.Addr(), authority)
	return a
}

func (a *API) close() {
	a.Thaw()
	a.server.CloseClientConnections()
	a.server.Close()
}

// forwardTo sends what comes on to the API server. Watches are flushed at once.
func forwardTo(t *testing.T, access *rest.Config) *httputil.ReverseProxy {
	t.Helper()
	target, err := url.Parse(access.Host)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(access.CAData)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:      quiet(),
	}
}

// Judge sets who decides what becomes of each request; nil: all arrive.
func (a *API) Judge(judge func(*http.Request) Fate) {
	if judge == nil {
		judge = func(*http.Request) Fate { return Fate{} }
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.judge = judge
}

// Down refuses connections until Up.
func (a *API) Down() { a.link.Down() }

// Up ends Down.
func (a *API) Up() { a.link.Up() }

// Freeze holds back what watches say until Thaw; their connections stay.
func (a *API) Freeze() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.frozen = make(chan struct{})
}

// Thaw ends Freeze.
func (a *API) Thaw() {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.frozen:
	default:
		close(a.frozen)
	}
}

func (a *API) thawed() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.frozen
}

// IsWatch reports whether a request is a watch.
func IsWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

func (a *API) fate(r *http.Request) Fate {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.judge(r)
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	f := a.fate(r)
	select {
	case <-time.After(f.Delay):
	case <-r.Context().Done():
	}
	switch {
	case f.CutBefore:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		refuse(w, f)
		return
	case f.CutAfter:
		a.forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	if f.Forget && IsWatch(r) {
		query := r.URL.Query()
		query.Set("resourceVersion", "1")
		r.URL.RawQuery = query.Encode()
	}
	if f.End > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), f.End)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if IsWatch(r) {
		w = frozen{ResponseWriter: w, api: a, done: r.Context().Done()}
	}
	a.forward.ServeHTTP(w, r)
}

// refuse answers as the API server would.
func refuse(w http.ResponseWriter, f Fate) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"%s (a test's)","code":%d}`,
		http.StatusText(f.Status), f.Status)
}

// frozen holds a watch's words back while its API is.
type frozen struct {
	http.ResponseWriter

	api  *API
	done <-chan struct{}
}

func (f frozen) Write(p []byte) (int, error) {
	select {
	case <-f.api.thawed():
		return f.ResponseWriter.Write(p)
	case <-f.done:
		return 0, io.ErrClosedPipe
	}
}

// Unwrap lets the proxy flush.
func (f frozen) Unwrap() http.ResponseWriter { return f.ResponseWriter }

// certify gives the server a certificate of its own and returns it, as PEM, for its clients to trust.
func (a *API) certify() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.server.Config.ErrorLog = quiet()
	a.server.TLS = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// rewrite copies a kubeconfig with another server and authority.
func rewrite(t *testing.T, from, to, server string, authority []byte) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range config.Clusters {
		c.Server, c.CertificateAuthorityData, c.CertificateAuthority = server, authority, ""
	}
	if err := clientcmd.WriteToFile(*config, to); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(to, 0o600); err != nil {
		t.Fatal(err)
	}
}
