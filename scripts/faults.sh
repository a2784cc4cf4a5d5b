#!/usr/bin/env bash
# Breaks what the product stands on, one way at a time, and judges what is left. FAULT=14,replies-cut chooses, FAULT=-soak leaves out, SHARE=ci takes
# CI's shorter forms, SEED repeats a run, WRITE=1 puts the table into docs/faults.md.
set -euo pipefail
cd "$(dirname "$0")/../test/faults" # without a package on its command line `go test` shows progress at once
exec go test -tags real -count 1 -timeout 0 -parallel "${PARALLEL:-4}"
