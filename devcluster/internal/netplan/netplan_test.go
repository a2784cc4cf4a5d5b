package netplan

import (
	"maps"
	"net/netip"
	"testing"
)

type machine struct {
	busy  func(port int) bool
	taken []netip.Prefix
}

func (m machine) PortFree(p int) bool            { return m.busy == nil || !m.busy(p) }
func (m machine) Taken() ([]netip.Prefix, error) { return m.taken, nil }

func choose(t *testing.T, key string, before map[string]int, cidr string, m Machine) Plan {
	t.Helper()
	p, err := Choose(key, before, cidr, m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestChooseIsStableAndApart(t *testing.T) {
	a, again, b := choose(t, "/a", nil, "", machine{}), choose(t, "/a", nil, "", machine{}), choose(t, "/b", nil, "", machine{})
	if !maps.Equal(a.Ports, again.Ports) || a.Slot != again.Slot {
		t.Errorf("the same folder got %v and %v", a, again)
	}
	if a.Ports["etcd"] == b.Ports["etcd"] || a.Slot == b.Slot {
		t.Errorf("two folders share something: %v, %v", a, b)
	}
	if a.PodCIDR.Overlaps(a.ServiceCIDR) || !a.Slot.Overlaps(a.PodCIDR) || !a.ServiceCIDR.Contains(a.ServiceIP) {
		t.Errorf("ranges do not fit: %v", a)
	}
}

func TestChooseEvadesWhatIsTaken(t *testing.T) {
	first := choose(t, "/a", nil, "", machine{})
	second := choose(t, "/a", first.Ports, first.Slot.String(), machine{
		busy:  func(p int) bool { return p == first.Ports["etcd"] },
		taken: []netip.Prefix{netip.PrefixFrom(first.ServiceIP, 32)},
	})
	if second.Ports["etcd"] == first.Ports["etcd"] || second.Slot == first.Slot {
		t.Errorf("it chose what is taken: %v", second)
	}
	kept := choose(t, "/c", first.Ports, first.Slot.String(), machine{})
	if !maps.Equal(kept.Ports, first.Ports) || kept.Slot != first.Slot {
		t.Errorf("it did not keep what it had: %v", kept)
	}
}

func TestChooseSaysWhenNothingIsFree(t *testing.T) {
	if p, err := Choose("/a", nil, "", machine{busy: func(int) bool { return true }}); err == nil {
		t.Errorf("chose %v though no port is free", p)
	}
	if p, err := Choose("/a", nil, "", machine{taken: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}); err == nil {
		t.Errorf("chose %v though no range is free", p)
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
