#!/usr/bin/env bash
# Tests against a real redis-server and a real API server, and devcluster's own that start clusters. One package at a
# time: they measure time and share two cores with a Kubernetes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/race.sh
. scripts/race.sh
# shellcheck source=scripts/real.sh
. scripts/real.sh

packages=$(real_packages internal test | grep -vE '^./test/(clients|e2e|faults|install)' || true)
if [ -n "$packages" ]; then
	echo "integration: ."
	# shellcheck disable=SC2086  # paths without spaces
	with_race go test -tags real -count 1 -p 1 -timeout 20m $packages
fi

packages=$(cd devcluster && real_packages . | sed 's|^\./\./|./|')
if [ -n "$packages" ]; then
	echo "integration: devcluster"
	# shellcheck disable=SC2086
	go test -C devcluster -tags real -count 1 -p 1 -timeout 20m $packages
fi
