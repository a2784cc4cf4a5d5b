package realnode

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// checkAddressUnused fails when an interface already has the address.
func checkAddressUnused(ip string) error {
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	for _, a := range addrs {
		if a.IP.Equal(net.ParseIP(ip)) {
			return fmt.Errorf("address %s is already assigned on this machine (another cluster?)", ip)
		}
	}
	return nil
}

func addAddress(ip string) error {
	lo, addr, err := loopbackAddress(ip)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(lo, addr); err != nil {
		return fmt.Errorf("adding %s to the loopback interface: %w", ip, err)
	}
	return nil
}

func removeAddress(ip string) error {
	lo, addr, err := loopbackAddress(ip)
	if err != nil {
		return err
	}
	if err := netlink.AddrDel(lo, addr); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("removing %s from the loopback interface: %w", ip, err)
	}
	return nil
}

func loopbackAddress(ip string) (netlink.Link, *netlink.Addr, error) {
	ip4 := net.ParseIP(ip).To4()
	if ip4 == nil {
		return nil, nil, fmt.Errorf("not an IPv4 address: %q", ip)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, nil, fmt.Errorf("finding the loopback interface: %w", err)
	}
	return lo, &netlink.Addr{IPNet: &net.IPNet{IP: ip4, Mask: net.CIDRMask(32, 32)}}, nil
}

// removeLinks reports whether all host-side links of Pods are removed. They have the gateway's address, the first of
// the Pod network. The kernel removes them with the Pod's namespace, in the background.
func removeLinks(podCIDR string) (bool, error) {
	_, pods, err := net.ParseCIDR(podCIDR)
	if err != nil {
		return false, err
	}
	links, err := podLinks(pods)
	if err != nil {
		return false, err
	}
	for _, link := range links {
		_ = netlink.LinkDel(link) // the kernel may have removed it
	}
	return len(links) == 0, nil
}

func podLinks(pods *net.IPNet) ([]netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing network links: %w", err)
	}
	var found []netlink.Link
	for _, link := range links {
		addrs, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err != nil || link.Type() != "veth" {
			continue
		}
		if len(addrs) > 0 && pods.Contains(addrs[0].IP) {
			found = append(found, link)
		}
	}
	return found, nil
}
