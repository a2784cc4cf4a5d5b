//go:build real

package harness

import (
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// TCPProxy is a TCP proxy that can be stopped, slowed down or made to drop data: toxiproxy in this process.
type TCPProxy struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

// NewTCPProxy starts a proxy to an address; it is stopped with the test.
func NewTCPProxy(t *testing.T, to string) *TCPProxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &TCPProxy{t: t, proxy: toxiproxy.NewProxy(server, "link", "127.0.0.1:0", to)}
	p.Up()
	t.Cleanup(p.proxy.Stop)
	return p
}

// Addr is the listening host:port; it does not change.
func (p *TCPProxy) Addr() string { return p.proxy.Listen }

// Down closes all connections and refuses new ones.
func (p *TCPProxy) Down() { p.proxy.Stop() }

// Up ends Down.
func (p *TCPProxy) Up() {
	p.t.Helper()
	if err := p.proxy.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// AddToxics adds toxics, in toxiproxy's JSON; one without a stream applies to what the server sends.
func (p *TCPProxy) AddToxics(toxics ...string) {
	p.t.Helper()
	for _, toxic := range toxics {
		if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			p.t.Fatalf("toxic %s: %v", toxic, err)
		}
	}
}

// ResetToxics removes all toxics.
func (p *TCPProxy) ResetToxics() { p.proxy.Toxics.ResetToxics(p.t.Context()) }
