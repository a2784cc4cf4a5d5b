package ports

import (
	"maps"
	"net/netip"
	"testing"
)

type fakeHost struct {
	portUsed func(port int) bool
	networks []netip.Prefix
}

func (h fakeHost) PortFree(p int) bool                   { return h.portUsed == nil || !h.portUsed(p) }
func (h fakeHost) UsedNetworks() ([]netip.Prefix, error) { return h.networks, nil }

func allocate(t *testing.T, key string, ports map[string]int, cidr string, h Host) Allocation {
	t.Helper()
	a, err := Allocate(key, ports, cidr, h)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAllocationDependsOnKey(t *testing.T) {
	a, again := allocate(t, "/a", nil, "", fakeHost{}), allocate(t, "/a", nil, "", fakeHost{})
	b := allocate(t, "/b", nil, "", fakeHost{})
	if !maps.Equal(a.Ports, again.Ports) || a.CIDR != again.CIDR {
		t.Errorf("same key, different allocations: %v and %v", a, again)
	}
	if a.Ports["etcd"] == b.Ports["etcd"] || a.CIDR == b.CIDR {
		t.Errorf("different keys, shared ports or range: %v, %v", a, b)
	}
	if a.PodCIDR.Overlaps(a.ServiceCIDR) || !a.CIDR.Overlaps(a.PodCIDR) || !a.ServiceCIDR.Contains(a.ServiceIP) {
		t.Errorf("inconsistent ranges: %v", a)
	}
}

func TestAllocationAvoidsUsed(t *testing.T) {
	first := allocate(t, "/a", nil, "", fakeHost{})
	second := allocate(t, "/a", first.Ports, first.CIDR.String(), fakeHost{
		portUsed: func(p int) bool { return p == first.Ports["etcd"] },
		networks: []netip.Prefix{netip.PrefixFrom(first.ServiceIP, 32)},
	})
	if second.Ports["etcd"] == first.Ports["etcd"] || second.CIDR == first.CIDR {
		t.Errorf("allocated what is in use: %v", second)
	}
	third := allocate(t, "/c", first.Ports, first.CIDR.String(), fakeHost{})
	if !maps.Equal(third.Ports, first.Ports) || third.CIDR != first.CIDR {
		t.Errorf("the previous allocation is free but was not kept: %v", third)
	}
}

func TestAllocationFailsWithoutFree(t *testing.T) {
	if a, err := Allocate("/a", nil, "", fakeHost{portUsed: func(int) bool { return true }}); err == nil {
		t.Errorf("allocated %v although no port is free", a)
	}
	if a, err := Allocate("/a", nil, "", fakeHost{networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}); err == nil {
		t.Errorf("allocated %v although no range is free", a)
	}
}

func TestParseRoutes(t *testing.T) {
	const table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	got := parseRoutes(table)
	if len(got) != 1 || got[0] != netip.MustParsePrefix("192.0.2.0/24") {
		t.Errorf("routes: %v", got)
	}
}
