//go:build real

package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

const wait = 5 * time.Second

func TestPasswords(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "right")
	cases := map[string]struct {
		o    redis.Options
		want string
	}{
		"right":        {redis.Options{Password: "right"}, ""},
		"none":         {redis.Options{}, "password required, none set (NOAUTH)"},
		"wrong":        {redis.Options{Password: "hunter2"}, "wrong username or password (WRONGPASS)"},
		"unknown user": {redis.Options{Username: "otto", Password: "right"}, "wrong username or password (WRONGPASS)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.o.Addr = server.Addr
			begin := time.Now()
			check(t, ready(t, c.o, wait), server.Addr, c.want)
			if time.Since(begin) > wait/2 {
				t.Error("it waited although waiting cannot help")
			}
		})
	}
}

func check(t *testing.T, err error, addr, want string) {
	t.Helper()
	switch {
	case want == "" && err == nil:
	case want == "" || err == nil || err.Error() != "redis "+addr+": "+want:
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestPasswordFileIsReadAgain(t *testing.T) {
	p := redistest.Real(t)
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, "first\n")
	p.Do(t, "ACL", "SETUSER", "otto", "on", ">first", "~*", "+@all")
	client, err := redis.NewClient(redis.Options{Addr: p.Addr, Username: "otto", PasswordFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Do(t, "ACL", "SETUSER", "otto", "resetpass", ">second")
	write(t, file, "second\n")
	p.Do(t, "CLIENT", "KILL", "USER", "otto")
	if err := client.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := newCA(t, dir, "ours"), newCA(t, dir, "theirs")
	serverCert, serverKey := ours.issue(t, "server")
	clientCert, clientKey := ours.issue(t, "client")
	foreignCert, foreignKey := theirs.issue(t, "foreign")
	overCert, overKey := ours.issue(t, "over", past)
	secure := func(cert, key string) (server *redistest.Server, port string) {
		port = redistest.FreePort(t)
		return redistest.StartAt(t, port, "--port", "0", "--tls-port", port, "--tls-cert-file", cert,
			"--tls-key-file", key, "--tls-ca-cert-file", ours.file, "--tls-auth-clients", "yes"), port
	}
	server, port := secure(serverCert, serverKey)
	expired, _ := secure(overCert, overKey)
	plain := redistest.Start(t)
	full := redis.Options{Addr: server.Addr, TLS: true, CAFile: ours.file, CertFile: clientCert, KeyFile: clientKey}
	with := func(change func(*redis.Options)) redis.Options {
		o := full
		change(&o)
		return o
	}
	cases := map[string]struct {
		o    redis.Options
		want string // part of the error
	}{
		"all right":             {full, ""},
		"another CA":            {with(func(o *redis.Options) { o.CAFile = theirs.file }), "TLS: x509: certificate signed by unknown authority"},
		"the system's CAs":      {with(func(o *redis.Options) { o.CAFile = "" }), "TLS: x509: certificate signed by unknown authority"},
		"another name":          {with(func(o *redis.Options) { o.Addr = net.JoinHostPort("localhost", port) }), "TLS: x509: certificate is"},
		"no client certificate": {with(func(o *redis.Options) { o.CertFile, o.KeyFile = "", "" }), "TLS: refused by the server: tls: certificate required"},
		"another CA's client":   {with(func(o *redis.Options) { o.CertFile, o.KeyFile = foreignCert, foreignKey }), "TLS: refused by the server: tls: unknown certificate authority"},
		"an expired client":     {with(func(o *redis.Options) { o.CertFile, o.KeyFile = overCert, overKey }), "TLS: refused by the server: tls: expired certificate"},
		"an expired server":     {with(func(o *redis.Options) { o.Addr = expired.Addr }), "TLS: x509: certificate has expired"},
		"no TLS on our side":    {redis.Options{Addr: server.Addr}, "closed the connection"},
		"no TLS on its side":    {with(func(o *redis.Options) { o.Addr = plain.Addr }), "TLS: no answer to the handshake"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := ready(t, c.o, 4*time.Second)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestSentinel(t *testing.T) {
	server := redistest.Start(t)
	_, masterPort, _ := net.SplitHostPort(server.Addr)
	port := redistest.FreePort(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	write(t, config, "sentinel monitor otto 127.0.0.1 "+masterPort+" 1\nbind 127.0.0.1\nport "+port+"\n")
	sentinel := redistest.StartSentinel(t, port, config)
	o := redis.Options{SentinelMaster: "otto", SentinelAddrs: []string{sentinel.Addr}}
	if err := ready(t, o, wait); err != nil {
		t.Error(err)
	}
	o.SentinelMaster = "other"
	if err := ready(t, o, time.Second); err == nil || err.Error() != `redis master "other" of sentinel `+sentinel.Addr+": no sentinel knows this master" {
		t.Errorf("error %v", err)
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// authority is a CA that lives for one test.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newCA(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{dir: dir, file: filepath.Join(dir, name+".pem"), key: newKey(t)}
	template := certificate(name)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// past makes a certificate expired.
func past(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

func (a *authority) issue(t *testing.T, name string, changes ...func(*x509.Certificate)) (certFile, keyFile string) {
	t.Helper()
	key, template := newKey(t), certificate(name)
	for _, change := range changes {
		change(template)
	}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "PRIVATE KEY", keyDER)
	return certFile, keyFile
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}
