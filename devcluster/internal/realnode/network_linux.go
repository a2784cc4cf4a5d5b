package realnode

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func hostAddress(ip string) (*netlink.Addr, error) {
	addr := net.ParseIP(ip).To4()
	if addr == nil {
		return nil, fmt.Errorf("%q is no IPv4 address", ip)
	}
	return &netlink.Addr{IPNet: &net.IPNet{IP: addr, Mask: net.CIDRMask(32, 32)}}, nil
}

// mustBeFree fails when an interface has the address already: then it belongs to somebody else.
func mustBeFree(ip string) error {
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("listing addresses: %w", err)
	}
	for _, a := range addrs {
		if a.IP.Equal(net.ParseIP(ip)) {
			return fmt.Errorf("this machine has the address %s already (another cluster?)", ip)
		}
	}
	return nil
}

func addAddress(ip string) error {
	addr, err := hostAddress(ip)
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding the loopback interface: %w", err)
	}
	if err := netlink.AddrAdd(lo, addr); err != nil {
		return fmt.Errorf("adding %s to the loopback interface: %w", ip, err)
	}
	return nil
}

func removeAddress(ip string) error {
	addr, err := hostAddress(ip)
	if err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("finding the loopback interface: %w", err)
	}
	if err := netlink.AddrDel(lo, addr); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("removing %s from the loopback interface: %w", ip, err)
	}
	return nil
}

// removeLinks reports whether no host side of a Pod's link is left. They carry the gateway's address, the first
// of the Pod network, and vanish with the Pod's namespace, which the kernel takes down in the background.
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
		_ = netlink.LinkDel(link) // or the kernel was faster
	}
	return len(links) == 0, nil
}

func podLinks(pods *net.IPNet) ([]netlink.Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("listing network links: %w", err)
	}
	var ours []netlink.Link
	for _, link := range links {
		addrs, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err != nil || link.Type() != "veth" {
			continue
		}
		if len(addrs) > 0 && pods.Contains(addrs[0].IP) {
			ours = append(ours, link)
		}
	}
	return ours, nil
}
