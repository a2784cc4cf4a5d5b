package ports

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Names of the ports, in their order within a block.
var portNames = []string{"kube-apiserver", "etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler", "kubelet"}

// All ports are below the kernel's ephemeral range: a component that was killed must find its port free when it
// is restarted.
const (
	firstPort  = 20000
	blockSize  = 8
	blockCount = 1500 // up to 32000
)

// Every cluster gets a /20 of this network: a /21 for Pods and a /24 for Services.
var network = netip.MustParsePrefix("10.128.0.0/9")

const (
	clusterBits  = 20
	clusterCount = 1 << (clusterBits - 9)
)

// Allocation holds the ports and address ranges of one cluster.
type Allocation struct {
	Ports       map[string]int
	CIDR        netip.Prefix // contains PodCIDR and ServiceCIDR
	PodCIDR     netip.Prefix
	ServiceCIDR netip.Prefix
	ServiceIP   netip.Addr // of the `kubernetes` Service
}

// Address returns 127.0.0.1:port for one of the named ports.
func (a Allocation) Address(name string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Ports[name]))
}

// Host reports what is in use on a machine.
type Host interface {
	PortFree(port int) bool
	UsedNetworks() ([]netip.Prefix, error) // addresses and routes
}

// Allocate prefers the previous ports and range, then those derived from the key, so that two clusters that start
// at the same time do not try the same ones.
func Allocate(key string, previousPorts map[string]int, previousCIDR string, h Host) (Allocation, error) {
	ports, err := allocatePorts(key, previousPorts, h)
	if err != nil {
		return Allocation{}, err
	}
	cidr, err := allocateCIDR(key, previousCIDR, h)
	if err != nil {
		return Allocation{}, err
	}
	service := netip.PrefixFrom(addOffset(cidr.Addr(), 1<<11), 24)
	return Allocation{
		Ports:       ports,
		CIDR:        cidr,
		PodCIDR:     netip.PrefixFrom(cidr.Addr(), 21),
		ServiceCIDR: service,
		ServiceIP:   service.Addr().Next(),
	}, nil
}

func allocatePorts(key string, previous map[string]int, h Host) (map[string]int, error) {
	if complete(previous) && allFree(previous, h) {
		return previous, nil
	}
	start := int(hash("ports", key) % blockCount)
	for i := range blockCount {
		if p := block((start + i) % blockCount); allFree(p, h) {
			return p, nil
		}
	}
	last := firstPort + blockCount*blockSize
	return nil, fmt.Errorf("no %d consecutive free ports between %d and %d on 127.0.0.1", len(portNames), firstPort, last)
}

func block(n int) map[string]int {
	ports := make(map[string]int, len(portNames))
	for i, name := range portNames {
		ports[name] = firstPort + n*blockSize + i
	}
	return ports
}

func complete(ports map[string]int) bool {
	for _, name := range portNames {
		if ports[name] == 0 {
			return false
		}
	}
	return true
}

func allFree(ports map[string]int, h Host) bool {
	for _, p := range ports {
		if !h.PortFree(p) {
			return false
		}
	}
	return true
}

func allocateCIDR(key, previous string, h Host) (netip.Prefix, error) {
	used, err := h.UsedNetworks()
	if err != nil {
		return netip.Prefix{}, err
	}
	if p, err := netip.ParsePrefix(previous); err == nil && p.Bits() == clusterBits && !overlapsAny(p, used) {
		return p, nil
	}
	start := int(hash("cidr", key) % clusterCount)
	for i := range clusterCount {
		n := (start + i) % clusterCount
		p := netip.PrefixFrom(addOffset(network.Addr(), n<<(32-clusterBits)), clusterBits)
		if !overlapsAny(p, used) {
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("all of %s is in use on this machine", network)
}

func overlapsAny(p netip.Prefix, used []netip.Prefix) bool {
	return slices.ContainsFunc(used, p.Overlaps)
}

func addOffset(a netip.Addr, n int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(a.AsSlice())+uint32(n))
	return netip.AddrFrom4(b)
}

func hash(purpose, key string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(purpose + "\x00" + key))
	return h.Sum32()
}
