#!/usr/bin/env bash
# The chart, the manifests and the targets, on bin/devcluster. In CI (CI=true) the node must be a real one.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "e2e-install: bin/image.tar on bin/devcluster"
go test -tags real -count 1 -p 1 -timeout 20m ./test/install
