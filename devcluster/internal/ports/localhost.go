package ports

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Localhost is the Host this process runs on.
type Localhost struct{}

// PortFree tries to listen on the port.
func (Localhost) PortFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// UsedNetworks lists the networks of the interfaces and, on Linux, the routes except the default one.
func (Localhost) UsedNetworks() ([]netip.Prefix, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing this machine's addresses: %w", err)
	}
	var used []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			used = append(used, p.Masked())
		}
	}
	table, _ := os.ReadFile("/proc/net/route") // absent on macOS
	return append(used, parseRoutes(string(table))...), nil
}

func parseRoutes(table string) []netip.Prefix {
	var routes []netip.Prefix
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		dest, err1 := parseLittleEndian(f[1])
		mask, err2 := parseLittleEndian(f[7])
		if err1 != nil || err2 != nil || mask == [4]byte{} {
			continue // the header, or the default route
		}
		ones := 0
		for _, b := range mask {
			ones += bits.OnesCount8(b)
		}
		routes = append(routes, netip.PrefixFrom(netip.AddrFrom4(dest), ones))
	}
	return routes
}

func parseLittleEndian(s string) (addr [4]byte, err error) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != 4 {
		return addr, fmt.Errorf("not an address: %q", s)
	}
	return [4]byte{raw[3], raw[2], raw[1], raw[0]}, nil
}
