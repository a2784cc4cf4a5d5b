// Package netplan chooses ports and address ranges that no other cluster on this machine uses.
package netplan

import (
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"strconv"
)

// Names of the ports, in the order in which they are laid out in a block.
var portNames = []string{"kube-apiserver", "etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler", "kubelet"}

// Ports come from below the range the kernel takes outgoing connections' ports from: a component that was
// killed must find its port free when it is started again.
const (
	firstPort = 20000
	blockSize = 8
	blocks    = 1500 // up to 32000
)

// PodCIDR /21 and service CIDR /24 are the two halves of a /20 below this.
var space = netip.MustParsePrefix("10.128.0.0/9")

const (
	slotBits = 20
	slots    = 1 << (slotBits - 9)
)

// Plan is where one cluster listens and which addresses it gives away.
type Plan struct {
	Ports       map[string]int
	Slot        netip.Prefix
	PodCIDR     netip.Prefix
	ServiceCIDR netip.Prefix
	ServiceIP   netip.Addr // of the `kubernetes` service
}

// Address returns 127.0.0.1:port for one of the named ports.
func (p Plan) Address(name string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Ports[name]))
}

// Machine tells what is taken.
type Machine interface {
	PortFree(port int) bool
	Taken() ([]netip.Prefix, error) // addresses and routes
}

// Choose makes a plan for the cluster called key. It prefers what the cluster had before, then a place
// derived from the key, so that two clusters that start at once do not try the same.
func Choose(key string, before map[string]int, cidr string, m Machine) (Plan, error) {
	ports, err := choosePorts(key, before, m)
	if err != nil {
		return Plan{}, err
	}
	slot, err := chooseSlot(key, cidr, m)
	if err != nil {
		return Plan{}, err
	}
	service := netip.PrefixFrom(nth(slot.Addr(), 1<<11), 24)
	return Plan{
		Ports:       ports,
		Slot:        slot,
		PodCIDR:     netip.PrefixFrom(slot.Addr(), 21),
		ServiceCIDR: service,
		ServiceIP:   service.Addr().Next(),
	}, nil
}

func choosePorts(key string, before map[string]int, m Machine) (map[string]int, error) {
	if complete(before) && allFree(before, m) {
		return before, nil
	}
	start := int(hash("ports", key) % blocks)
	for i := range blocks {
		if p := block((start + i) % blocks); allFree(p, m) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports in a row between %d and %d on 127.0.0.1", len(portNames), firstPort, firstPort+blocks*blockSize)
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

func allFree(ports map[string]int, m Machine) bool {
	for _, p := range ports {
		if !m.PortFree(p) {
			return false
		}
	}
	return true
}

func chooseSlot(key, before string, m Machine) (netip.Prefix, error) {
	taken, err := m.Taken()
	if err != nil {
		return netip.Prefix{}, err
	}
	if p, err := netip.ParsePrefix(before); err == nil && p.Bits() == slotBits && free(p, taken) {
		return p, nil
	}
	start := int(hash("cidr", key) % slots)
	for i := range slots {
		n := (start + i) % slots
		if p := netip.PrefixFrom(nth(space.Addr(), n<<(32-slotBits)), slotBits); free(p, taken) {
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("all of %s is in use on this machine", space)
}

func free(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.Overlaps(p) {
			return false
		}
	}
	return true
}

func nth(a netip.Addr, n int) netip.Addr {
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n)
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

func hash(what, key string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(what + "\x00" + key))
	return h.Sum32()
}
