#!/usr/bin/env bash
# Format and linters, in every module. The two packages of devcluster that contain Kubernetes itself get the linters that
# need no types: the others would read all of Kubernetes from source, many minutes and gigabytes for a hundred lines.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/modules.sh
. scripts/modules.sh

lint() { # DIR ARGUMENT…
	(cd "$1" && go tool -modfile="$root/tools/go.mod" golangci-lint run --allow-serial-runners "${@:2}")
}
root=$PWD

echo "lint: . (the first time compiles golangci-lint: some minutes)"
lint . ./...
echo "lint: client"
lint client ./...
echo "lint: tools/deploy"
lint tools/deploy ./...
echo "lint: devcluster"
# shellcheck disable=SC2046  # import paths have no spaces
lint devcluster $(devcluster_packages light)
# shellcheck disable=SC2046
lint devcluster --fast-only $(devcluster_packages heavy)

if command -v shellcheck >/dev/null; then
	echo "lint: shell"
	shellcheck .ci/run scripts/*.sh devcluster/ldflags
fi
