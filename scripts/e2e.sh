#!/usr/bin/env bash
# The whole: bin/ottoscaler, a real Redis and bin/devcluster. In CI (CI=true) the node must be a real one.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "e2e: bin/ottoscaler on bin/devcluster"
go test -tags real -count 1 -p 1 -timeout 20m ./test/e2e/...
