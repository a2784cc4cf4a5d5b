#!/usr/bin/env bash
# Tests the tests: applies each bug of test/bugs to a scratch copy of HEAD and runs the tests that must catch it. With ORACLE=1 it
# builds the product there and runs the scenario that the patch names, with a real Redis and a real API server; the oracle must
# catch it. FAULT=scenario selects.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'git worktree remove --force "$scratch/tree"; rm -rf "$scratch"' EXIT
git worktree add -q --detach "$scratch/tree" HEAD

# put_in PATCH makes the scratch copy HEAD with that bug.
put_in() {
	git -C "$scratch/tree" checkout -q -- .
	if ! git -C "$scratch/tree" apply "$root/$1"; then
		echo "$(basename "$1" .patch): the patch does not apply any more: update it"
		return 1
	fi
}

by_tests() {
	local caught=0 all=0 patch name
	for patch in test/bugs/*.patch; do
		all=$((all + 1))
		name=$(basename "$patch" .patch)
		put_in "$patch" || continue
		# shellcheck disable=SC2046  # several packages
		if go test -C "$scratch/tree" -count 1 -timeout 100s $(sed -n 's/^Run: //p' "$patch") >"$scratch/out" 2>&1; then
			echo "$name: NOT CAUGHT"
		elif grep -q 'build failed\|setup failed' "$scratch/out"; then
			echo "$name: does not compile: update the patch"
		else
			caught=$((caught + 1))
			echo "$name: caught by $(grep -o '^--- FAIL: [A-Za-z0-9_]*' "$scratch/out" | cut -c11- | sort -u | paste -sd' ')"
		fi
	done
	echo "$caught of $all bugs are caught"
	[ "$caught" = "$all" ]
}

# build NAME compiles what is in the scratch copy.
build() { go build -C "$scratch/tree" -o "$scratch/bin/$1" ./cmd/app; }

by_oracle() {
	local patch
	mkdir "$scratch/bin"
	build product
	for patch in test/bugs/*.patch; do
		put_in "$patch"
		build "$(basename "$patch" .patch)"
	done
	echo "built the product and $(($(find "$scratch/bin" -type f | wc -l) - 1)) bugs"
	BUGS=$scratch/bin go test -C test/faults -tags real -count 1 -timeout 0 -parallel "${PARALLEL:-4}" -run '^TestBugs$' | tee "$scratch/out"
	echo "$(grep -c ': caught by O' "$scratch/out") bugs are caught by the oracle, and the product is not"
}

if [ "${ORACLE:-}" = 1 ]; then by_oracle; else by_tests; fi
