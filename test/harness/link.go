//go:build real

package harness

import (
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is a way over TCP that can be taken down, slowed or swallowed: toxiproxy in this process.
type Link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

// NewLink opens a way to an address; it is closed with the test.
func NewLink(t *testing.T, to string) *Link {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &Link{t: t, proxy: toxiproxy.NewProxy(server, "link", "127.0.0.1:0", to)}
	l.Up()
	t.Cleanup(l.proxy.Stop)
	return l
}

// Addr is where it listens, as host:port; it stays the same.
func (l *Link) Addr() string { return l.proxy.Listen }

// Down closes what is open and refuses what comes.
func (l *Link) Down() { l.proxy.Stop() }

// Up ends Down.
func (l *Link) Up() {
	l.t.Helper()
	if err := l.proxy.Start(); err != nil {
		l.t.Fatal(err)
	}
}

// Spoil adds toxics, in toxiproxy's JSON; a toxic without a stream works on what the server sends.
func (l *Link) Spoil(toxics ...string) {
	l.t.Helper()
	for _, toxic := range toxics {
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			l.t.Fatalf("toxic %s: %v", toxic, err)
		}
	}
}

// Heal takes all toxics away.
func (l *Link) Heal() { l.proxy.Toxics.ResetToxics(l.t.Context()) }
