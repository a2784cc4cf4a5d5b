#!/usr/bin/env bash
# Everything CI runs, phase after phase, with the time of each. The first phase that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

times=()
failed=
phase() { # NAME COMMAND…
	local name=$1 began=$SECONDS result=ok
	shift
	echo "=== $name"
	"$@" || result=FAILED
	times+=("$(printf '%-12s %4d s  %s' "$name" $((SECONDS - began)) "$result")")
	if [ "$result" = FAILED ]; then
		failed=$name
		return 1
	fi
}
summary() {
	echo "=== times"
	printf '    %s\n' "${times[@]}"
	printf '    %-12s %4d s\n' all "$SECONDS"
	if [ -n "$failed" ]; then
		echo "=== FAILED in $failed"
	fi
}
trap summary EXIT

phase deps scripts/deps.sh test
phase build make --no-print-directory build bin/demo
phase check make --no-print-directory check
phase fuzz make --no-print-directory fuzz
phase integration make --no-print-directory integration
phase clients make --no-print-directory clients
phase e2e make --no-print-directory e2e
phase install make --no-print-directory e2e-install
phase bench make --no-print-directory bench SHARE=ci
phase faults make --no-print-directory faults SHARE=ci
