#!/usr/bin/env bash
# Checks the checkers: puts each bug of test/bugs into a scratch copy of HEAD and runs the tests that must catch it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'git worktree remove --force "$scratch/tree"; rm -rf "$scratch"' EXIT
git worktree add -q --detach "$scratch/tree" HEAD

caught=0 all=0
for patch in test/bugs/*.patch; do
	all=$((all + 1))
	name=$(basename "$patch" .patch)
	git -C "$scratch/tree" checkout -q -- .
	if ! git -C "$scratch/tree" apply "$root/$patch"; then
		echo "$name: the patch does not apply any more: make it anew"
		continue
	fi
	# shellcheck disable=SC2046  # several packages
	if go test -C "$scratch/tree" -count 1 -timeout 100s $(sed -n 's/^Run: //p' "$patch") >"$scratch/out" 2>&1; then
		echo "$name: NOT CAUGHT"
	elif grep -q 'build failed\|setup failed' "$scratch/out"; then
		echo "$name: does not compile: make it anew"
	else
		caught=$((caught + 1))
		echo "$name: caught by $(grep -o '^--- FAIL: [A-Za-z0-9_]*' "$scratch/out" | cut -c11- | sort -u | paste -sd' ')"
	fi
done
echo "$caught of $all bugs are caught"
[ "$caught" = "$all" ]
