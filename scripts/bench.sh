#!/usr/bin/env bash
# Measures the product against the floors and writes docs/benchmarks.md. ROW=burst,life chooses rows and leaves the others in
# the document as they are; SHARE=ci takes the shorter form that `make test` runs: it compares only ratios and writes nothing.
# WORKERS=50000 lets the row `cost` go further. ROW=without builds the product once more for each patch of bench/without, which
# takes a part out, and compares it with the whole; WITHOUT=folder takes binaries that are there.
set -euo pipefail
cd "$(dirname "$0")/.."

# build_without compiles the product without each of the parts.
build_without() {
	local root=$PWD patch name
	scratch=$(mktemp -d) # not local: the trap runs after this function
	trap 'git worktree remove --force "$scratch/tree"; rm -rf "$scratch"' EXIT
	git worktree add -q --detach "$scratch/tree" HEAD
	for patch in bench/without/*.patch; do
		name=$(basename "$patch" .patch)
		git -C "$scratch/tree" checkout -q -- .
		git -C "$scratch/tree" apply "$root/$patch"
		go build -C "$scratch/tree" -o "$scratch/bin/$name" ./cmd/app
		echo "built without $name"
	done
	export WITHOUT=$scratch/bin
}

case ",${ROW:-}," in
*,without,*) [ -n "${WITHOUT:-}" ] || build_without ;;
esac
cd bench # without a package on its command line `go test` shows progress at once
go test -tags real -count 1 -timeout 2h
