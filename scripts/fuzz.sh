#!/usr/bin/env bash
# Runs every fuzz target of the root module for FUZZTIME, one after the other. To make an interesting input shorter may take
# five seconds: by Go's default it would be the whole minute.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # TARGET PACKAGE
	go test -run '^$' -fuzz "^$1\$" -fuzztime "${FUZZTIME:-1m}" -fuzzminimizetime 5s "$2" </dev/null 2>&1 | tee "$log"
}

# outOfTime: the end of FUZZTIME was reported as a failure, by a race in Go before 1.27 (go.dev/issue/75804). Whatever a target
# finds is written to testdata, and said.
outOfTime() {
	grep -q '^ *context deadline exceeded$' "$log" && ! grep -q 'Failing input\|panic' "$log"
}

grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' cmd internal test |
	while IFS=: read -r file _ func; do
		target=${func#func }
		package=./$(dirname "$file")
		echo "fuzz: $target ($package) for ${FUZZTIME:-1m}"
		if ! fuzz "$target" "$package"; then
			outOfTime || exit 1
			echo "fuzz: $target ran out of time and found nothing (go.dev/issue/75804): once more"
			fuzz "$target" "$package"
		fi
	done
