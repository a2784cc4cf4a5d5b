#!/usr/bin/env bash
# Runs every fuzz target of the root module for FUZZTIME, one after the other. To make an interesting input shorter may take
# five seconds: by Go's default it would be the whole minute.
set -euo pipefail
cd "$(dirname "$0")/.."

grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' cmd internal test |
	while IFS=: read -r file _ func; do
		target=${func#func }
		echo "fuzz: $target (./$(dirname "$file")) for ${FUZZTIME:-1m}"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-1m}" -fuzzminimizetime 5s "./$(dirname "$file")" </dev/null
	done
