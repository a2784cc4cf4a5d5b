#!/usr/bin/env bash
# Measures the product against the floors and writes docs/benchmarks.md. ROW=burst,life chooses rows and leaves the others in
# the document as they are; SHARE=ci takes the shorter form that `make test` runs: it compares only ratios and writes nothing.
# WORKERS=50000 lets the row `cost` go further.
set -euo pipefail
cd "$(dirname "$0")/../bench" # without a package on its command line `go test` shows progress at once
exec go test -tags real -count 1 -timeout 2h
