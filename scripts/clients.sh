#!/usr/bin/env bash
# Builds the clients, and runs each one's whole suite, with the product and a simulated node at hand. Needs Node.js 20.19 or later.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
	echo "clients: Node.js 20.19 or later is needed for clients/typescript, found: $(node --version 2>/dev/null || echo none)" >&2
	exit 1
fi
(cd clients/typescript && npm ci --no-audit --no-fund && npm run lint)
exec go test -tags real -count 1 -timeout 20m ./test/clients
