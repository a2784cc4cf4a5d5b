#!/usr/bin/env bash
# deps.sh run|test makes sure of the programs that running (run) or testing (test, which is more) needs. As root on
# Debian it installs the packages, unless NO_INSTALL=1; otherwise it prints the line that does, and goes on: without
# containers the node is simulated, without redis-server the demo brings an embedded one.
set -euo pipefail

missing=()
need() { # PACKAGE TEST…: the package is needed unless the test succeeds
	local package=$1
	shift
	if ! "$@" >/dev/null 2>&1; then
		missing+=("$package")
	fi
}
has() { command -v "$1"; }
has_cni() {
	local dir
	for dir in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
		if [ -x "$dir/ptp" ] && [ -x "$dir/host-local" ] && [ -x "$dir/loopback" ]; then
			return 0
		fi
	done
	return 1
}
has_static_busybox() { has busybox && dpkg-query -W -f '${Status}' busybox-static | grep -q 'install ok'; }
has_race() { has gcc && printf '#include <stdlib.h>\n' | gcc -E -x c -; }

need redis-server has redis-server
if [ "$(uname)" = Linux ]; then
	need containerd has containerd
	need runc has runc
	need containernetworking-plugins has_cni
	need busybox-static has_static_busybox
	need mount has mount
	need iproute2 has ip
fi
if [ "${1:-run}" = test ]; then
	need gcc has gcc
	need libc6-dev has_race
	need prometheus has promtool
fi

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
line="apt-get install --no-install-recommends ${missing[*]}"
if [ ! -e /etc/debian_version ]; then
	echo "deps: not here: ${missing[*]} (names of Debian's packages); going on without"
	exit 0
fi
if [ "$(id -u)" -ne 0 ] || [ "${NO_INSTALL:-}" = 1 ]; then
	echo "deps: not here: ${missing[*]}; going on without. To install them, as root:"
	echo "    $line"
	exit 0
fi

# Debian starts a service when its package is installed. Ours are started by hand and on other ports, so for the length
# of this installation a policy says no; it is taken away again, and one that was there before is left alone.
policy=/usr/sbin/policy-rc.d
mark="# made by Ottoscaler's scripts/deps.sh for the length of one installation"
if [ ! -e "$policy" ] || grep -qxF "$mark" "$policy"; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
	chmod 755 "$policy"
fi

echo "deps: installing Debian packages (NO_INSTALL=1 forbids it): ${missing[*]}"
log=$(mktemp)
install() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends \
		"${missing[@]}" </dev/null >"$log" 2>&1
}
if ! install; then # the list of packages may be old, or was never fetched
	apt-get -q update </dev/null >"$log" 2>&1 || true
	if ! install; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		echo "deps: that failed. By hand: $line" >&2
		[ "${1:-run}" = run ] && exit 0 # a demo goes on with what is there; a test run must not
		exit 1
	fi
fi
rm -f "$log"
echo "deps: installed. Their services were not started; systemd would start them at the next boot:"
echo "    systemctl disable redis-server containerd prometheus    # if you do not want that"
