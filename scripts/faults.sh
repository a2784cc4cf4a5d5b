#!/usr/bin/env bash
# Injects faults into what the product depends on, one at a time, and checks the results. FAULT=14,replies-cut selects faults,
# FAULT=-soak excludes one, SHARE=ci runs the shorter forms of CI, SEED repeats a run, WRITE=1 writes docs/faults.md.
set -euo pipefail
cd "$(dirname "$0")/../test/faults" # without a package on its command line `go test` shows progress at once
exec go test -tags real -count 1 -timeout 0 -parallel "${PARALLEL:-4}"
