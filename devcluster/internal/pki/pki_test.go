package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"
)

func TestServerCertificate(t *testing.T) {
	now := time.Now()
	ca, err := NewAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Server("devcluster", "127.0.0.1", "kubernetes.default.svc")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"127.0.0.1": true, "kubernetes.default.svc": true, "example.org": false} {
		_, err := parse(t, pair).Verify(x509.VerifyOptions{DNSName: host, Roots: roots(t, ca), CurrentTime: now})
		if (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestClientCertificate(t *testing.T) {
	ca, err := NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Client("jane", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, pair)
	if cert.Subject.CommonName != "jane" || cert.Subject.Organization[0] != "system:masters" {
		t.Errorf("the user is %v", cert.Subject)
	}
	other, err := NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots(t, ca), KeyUsages: usage}); err != nil {
		t.Errorf("its own authority rejects it: %v", err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots(t, other), KeyUsages: usage}); err == nil {
		t.Error("another cluster's authority accepts it")
	}
}

func TestSigningKeysAreAPair(t *testing.T) {
	public, private, err := SigningKeys()
	if err != nil {
		t.Fatal(err)
	}
	pub, _ := pem.Decode(public)
	key, _ := pem.Decode(private)
	if _, err := x509.ParsePKIXPublicKey(pub.Bytes); err != nil {
		t.Error(err)
	}
	if _, err := x509.ParseECPrivateKey(key.Bytes); err != nil {
		t.Error(err)
	}
}

func parse(t *testing.T, p Pair) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func roots(t *testing.T, a *Authority) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("invalid CA certificate")
	}
	return pool
}
