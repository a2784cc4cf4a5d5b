//go:build real

package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
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

	"github.com/ottoscaler/ottoscaler/test/poll"
)

// RequestFault is what the proxy does to one request. The zero value forwards it and its response.
type RequestFault struct {
	Delay        time.Duration // before anything else
	CutBefore    bool          // the stream breaks before the request is forwarded
	Status       int           // respond with this code instead of forwarding
	RetryAfter   int           // seconds; with Status
	CutAfter     bool          // the request is executed, but its response is lost
	EndAfter     time.Duration // end the response, such as a watch, after this
	StaleVersion bool          // request a watch from an expired version: the API server responds 410 Gone
}

// APIProxy is a TLS reverse proxy to the API server, with its own certificate, that can inject faults into requests.
type APIProxy struct {
	Kubeconfig string // of the account, with the proxy's address

	t       *testing.T
	server  *httptest.Server
	forward *httputil.ReverseProxy
	tcp     *TCPProxy // in front of the server, to refuse connections

	mu     sync.Mutex
	choose func(*http.Request) RequestFault
	frozen chan struct{} // closed: watches are not frozen
}

// NewAPIProxy starts a proxy to the API server that a kubeconfig names, with its account.
func NewAPIProxy(t *testing.T, kubeconfig string) *APIProxy {
	t.Helper()
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	a := &APIProxy{t: t, frozen: make(chan struct{})}
	close(a.frozen)
	a.Intercept(nil)
	a.forward = reverseProxy(t, access)
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.server.EnableHTTP2 = true
	authority := issueCertificate(t, a.server)
	a.server.StartTLS()
	t.Cleanup(a.close)
	a.tcp = NewTCPProxy(t, a.server.Listener.Addr().String())
	a.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	copyKubeconfig(t, kubeconfig, a.Kubeconfig, "https://"+a.tcp.Addr(), authority)
	return a
}

func (a *APIProxy) close() {
	a.Thaw()
	a.server.CloseClientConnections()
	a.server.Close()
}

// reverseProxy forwards requests to the API server. Watches are flushed at once.
func reverseProxy(t *testing.T, access *rest.Config) *httputil.ReverseProxy {
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
		ErrorLog:      discardLog(),
	}
}

// Intercept sets the function that chooses the fault of each request; nil: none.
func (a *APIProxy) Intercept(choose func(*http.Request) RequestFault) {
	if choose == nil {
		choose = func(*http.Request) RequestFault { return RequestFault{} }
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.choose = choose
}

// Down refuses connections until Up.
func (a *APIProxy) Down() { a.tcp.Down() }

// Up ends Down.
func (a *APIProxy) Up() { a.tcp.Up() }

// Freeze holds back the events of watches until Thaw; their connections stay open.
func (a *APIProxy) Freeze() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.frozen = make(chan struct{})
}

// Thaw ends Freeze.
func (a *APIProxy) Thaw() {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.frozen:
	default:
		close(a.frozen)
	}
}

func (a *APIProxy) thawed() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.frozen
}

// IsWatch reports whether a request is a watch.
func IsWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

func (a *APIProxy) faultOf(r *http.Request) RequestFault {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.choose(r)
}

func (a *APIProxy) serve(w http.ResponseWriter, r *http.Request) {
	f := a.faultOf(r)
	poll.Sleep(r.Context(), f.Delay)
	switch {
	case f.CutBefore:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		respond(w, f)
		return
	case f.CutAfter:
		a.forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	if f.StaleVersion && IsWatch(r) {
		query := r.URL.Query()
		query.Set("resourceVersion", "1")
		r.URL.RawQuery = query.Encode()
	}
	if f.EndAfter > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), f.EndAfter)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if IsWatch(r) {
		w = freezableWriter{ResponseWriter: w, proxy: a, done: r.Context().Done()}
	}
	a.forward.ServeHTTP(w, r)
}

// respond writes a Status as the API server would.
func respond(w http.ResponseWriter, f RequestFault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"%s (by a test)","code":%d}`,
		http.StatusText(f.Status), f.Status)
}

// freezableWriter holds back the events of a watch while the proxy is frozen.
type freezableWriter struct {
	http.ResponseWriter

	proxy *APIProxy
	done  <-chan struct{}
}

func (f freezableWriter) Write(p []byte) (int, error) {
	select {
	case <-f.proxy.thawed():
		return f.ResponseWriter.Write(p)
	case <-f.done:
		return 0, io.ErrClosedPipe
	}
}

// Unwrap lets httputil flush.
func (f freezableWriter) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// copyKubeconfig copies a kubeconfig with another server and authority.
func copyKubeconfig(t *testing.T, from, to, server string, authority []byte) {
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
