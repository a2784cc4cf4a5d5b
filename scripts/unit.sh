#!/usr/bin/env bash
# Unit tests of every module with the race detector, which needs cgo. The packages of devcluster that contain
# Kubernetes itself run without it: a second Kubernetes, compiled for the race detector, would take half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/race.sh
. scripts/race.sh
# shellcheck source=scripts/modules.sh
. scripts/modules.sh

echo "unit: ."
with_race go test ./...
echo "unit: client"
with_race go test -C client ./...
echo "unit: tools/deploy"
go test -C tools/deploy ./...
echo "unit: devcluster"
# shellcheck disable=SC2046  # import paths have no spaces
with_race go test -C devcluster $(devcluster_packages light)
# shellcheck disable=SC2046
go test -C devcluster $(devcluster_packages heavy)
