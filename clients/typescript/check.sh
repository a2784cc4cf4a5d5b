#!/bin/sh
# Installs exactly what the lock file says, then lints and tests. OTTO_CLIENT_REDIS=host:port adds the tests against the product.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund
npm run lint
npm test
